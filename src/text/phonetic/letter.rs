//! Letters: the consonants that each can stand for, and the transliteration of Arabic letters.

/// Separates the parts of a word that are read one by one: `Abdul` and the noun after it.
pub(crate) const SEAM: char = '-';

/// The consonants that a letter or a group of letters can stand for, the most likely first. Empty for a vowel or a silent letter.
type Options = &'static [&'static str];

/// Groups of letters with one sound, longer ones first. Many have a second reading: as letters of two syllables (Is-haq, Ad-ham,
/// Maz-har).
const DIGRAPHS: &[(&str, Options)] = &[
    ("dsch", &["j"]),
    ("tsch", &["S"]),
    ("sch", &["S"]),
    ("tch", &["S"]),
    ("kh", &["k"]),
    ("gh", &["k"]),
    ("ck", &["k"]),
    ("qu", &["k"]),
    ("sh", &["S", "sh"]),
    // As in Chadi, in Chaldea, and in Chalabi, where it is ج.
    ("ch", &["S", "k", "j"]),
    // As in Thamir, in Othman, in Fathi, where they are two letters, and in Nafith, where it is ذ.
    ("th", &["t", "s", "th", "z"]),
    ("dh", &["d", "z", "dh"]),
    ("zh", &["j", "zh"]),
    ("dj", &["j"]),
    ("dz", &["z", "j", "dz"]),
    ("ph", &["f"]),
    // How Arabic writes sounds that it has no letter for.
    ("تش", &["S", "tS"]),
    ("دج", &["j", "dj"]),
];

/// Returns true for a word in Arabic letters.
pub(crate) fn is_arabic(word: &str) -> bool {
    word.contains(is_arabic_letter)
}

fn is_arabic_letter(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6ff}')
}

/// Returns true for a word in a script that leaves out short vowels: Arabic or Hebrew.
pub(crate) fn is_abjad(word: &str) -> bool {
    is_arabic(word) || word.contains(|c| matches!(c, '\u{590}'..='\u{5ff}'))
}

/// Returns true for a word that starts with the sound of a vowel. Alef and ayn sound like one only at the start.
pub(crate) fn starts_with_vowel(word: &str) -> bool {
    word.starts_with(['ا', 'ع']) || (word.starts_with(is_vowel) && !starts_with_w(word))
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// Returns true for a word whose `ou` sounds like `w`: Ouali is Wali.
fn starts_with_w(word: &str) -> bool {
    word.strip_prefix("ou").is_some_and(|rest| rest.starts_with(['a', 'e', 'i']))
}

/// Replaces letters that folding would treat as a consonant: the Kurdish letter for `e` looks like the Arabic `h` at the end of a
/// word.
pub(crate) fn replace_vowel_letters(text: &str) -> String {
    text.replace('\u{6d5}', "ا")
}

/// Replaces Hebrew letters that names in Latin letters mostly show in another way than transliterations do, such as ב as b.
pub(crate) fn replace_hebrew(word: &str) -> String {
    let mut replaced = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            'א' | 'ע' => replaced.push('a'),
            'צ' | 'ץ' => replaced.push_str("tz"),
            'ב' => replaced.push('b'),
            'פ' => replaced.push('p'),
            'ף' => replaced.push('f'),
            'ש' => replaced.push_str("sh"),
            // A consonant, whatever vowel follows.
            'י' if replaced.is_empty() => replaced.push_str("yi"),
            c => replaced.push(c),
        }
    }
    replaced
}

/// The consonants of a word in Latin or Arabic letters, in order. A [`SEAM`] separates parts of the word: no group of letters is
/// read across it.
pub(crate) fn consonants(word: &str) -> Vec<Options> {
    let mut all = Vec::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let is_first = rest.len() == word.len();
        let after = &rest[c.len_utf8()..];
        let next = after.chars().next();
        if is_first && starts_with_w(word) {
            all.push(&["w"][..]);
            rest = &rest[2..];
            continue;
        }
        if let Some((digraph, options)) = DIGRAPHS.iter().find(|(digraph, _)| rest.starts_with(digraph)) {
            all.push(*options);
            rest = &rest[digraph.len()..];
            // A doubled sound counts once: Khashshab.
            rest = rest.strip_prefix(digraph).unwrap_or(rest);
            continue;
        }
        rest = after;
        if next == Some(c) {
            // Doubled Latin letters count once. Arabic does not write doubled letters, except for the l of the article, so between
            // equal letters there is a vowel: معزز is Muazaz.
            if is_arabic_letter(c) {
                all.extend(optional(c));
            }
            continue;
        }
        let options = match c {
            'h' | 'ه' if next.is_none() => &["", "h"],
            'w' | 'و' | 'v' | 'y' | 'ي' => half_vowel(c, is_first, next),
            'c' if matches!(next, Some('e' | 'i' | 'y')) => &["s", "k", "j"],
            _ => consonant(c),
        };
        if !options.is_empty() {
            all.push(options);
        }
    }
    all
}

/// The options of the first of two equal Arabic letters: none, or the letter.
fn optional(c: char) -> Option<Options> {
    Some(match consonant(c).first().copied()? {
        "b" => &["", "b"],
        "t" => &["", "t"],
        "j" => &["", "j"],
        "h" => &["", "h"],
        "d" => &["", "d"],
        "r" => &["", "r"],
        "z" => &["", "z"],
        "s" => &["", "s"],
        "S" => &["", "S"],
        "k" => &["", "k"],
        "f" => &["", "f"],
        "l" => &["", "l"],
        "m" => &["", "m"],
        "n" => &["", "n"],
        _ => return None,
    })
}

/// Letters that are a consonant at the start of a word, and a vowel or uncertain inside it.
fn half_vowel(c: char, is_first: bool, next: Option<char>) -> Options {
    match (c, is_first) {
        ('w', true) => &["w"],
        ('و' | 'v', true) => &["w", "f"],
        ('و' | 'v', false) => &["", "f"],
        ('y', true) if next.is_some_and(is_vowel) => &["y"],
        ('ي', true) if next.is_some() => &["y"],
        _ => &[],
    }
}

/// The sounds of a letter that is always a consonant.
fn consonant(c: char) -> Options {
    match c {
        'b' | 'p' | 'ب' | 'پ' => &["b"],
        't' | 'ت' | 'ط' | 'ٹ' => &["t"],
        'ث' => &["t", "s"],
        'j' | 'ج' | 'ژ' => &["j"],
        'چ' => &["S", "k"],
        'ح' | 'h' | 'ه' => &["h"],
        'd' | 'د' | 'ڈ' => &["d"],
        'ذ' | 'ض' | 'ظ' => &["d", "z"],
        'r' | 'ر' | 'ڑ' | 'ڕ' => &["r"],
        'z' | 'ز' => &["z"],
        's' | 'س' | 'ص' => &["s"],
        'ش' => &["S"],
        'g' => &["k", "j"],
        'x' => &["ks", "k", "S"],
        'c' => &["k", "j"],
        'k' | 'q' | 'خ' | 'غ' | 'ق' | 'ك' | 'گ' => &["k"],
        'f' | 'ف' | 'ڤ' => &["f"],
        'l' | 'ل' | 'ڵ' => &["l"],
        'm' | 'م' => &["m"],
        'n' | 'ن' | 'ں' => &["n"],
        '0' => &["0"],
        '1' => &["1"],
        '2' => &["2"],
        '3' => &["3"],
        '4' => &["4"],
        '5' => &["5"],
        '6' => &["6"],
        '7' => &["7"],
        '8' => &["8"],
        '9' => &["9"],
        _ => &[],
    }
}

/// Transliterates a word to Latin letters and removes doubled letters.
pub(crate) fn romanized(word: &str) -> String {
    let mut letters = String::new();
    for c in word.chars() {
        match latin(c) {
            Some(latin) => letters.push_str(latin),
            None if letters.ends_with(c) => {}
            None => letters.push(c),
        }
    }
    letters
}

/// The most common transliteration of an Arabic letter.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ا' | 'ع' => "a",
        'ي' | 'ے' => "i",
        'و' => "u",
        'ۆ' => "o",
        'ێ' => "e",
        'ه' | 'ح' => "h",
        'ب' => "b",
        'پ' => "p",
        'ت' | 'ط' | 'ٹ' | 'ث' => "t",
        'ج' | 'ژ' => "j",
        'چ' => "ch",
        'خ' => "kh",
        'د' | 'ڈ' | 'ذ' | 'ض' => "d",
        'ظ' => "z",
        'ر' | 'ڑ' | 'ڕ' => "r",
        'ز' => "z",
        'س' | 'ص' => "s",
        'ش' => "sh",
        'غ' => "gh",
        'ف' => "f",
        'ڤ' => "v",
        'ق' => "q",
        'ك' => "k",
        'گ' => "g",
        'ل' | 'ڵ' => "l",
        'م' => "m",
        'ن' | 'ں' => "n",
        '\u{600}'..='\u{6ff}' => "",
        _ => return None,
    })
}
