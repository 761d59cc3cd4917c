use crate::text::fold;
use crate::text::phonetic::Sound;
use crate::text::search;
use crate::text::search::{GAP, Phrase, Query, QueryError, Term, name_spans, spans};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assume, proptest};

fn phrase(words: &[&str], is_prefix: bool) -> Phrase {
    Phrase { words: words.iter().map(|word| (*word).to_owned()).collect(), is_prefix }
}

fn term(words: &[&str], is_prefix: bool, is_excluded: bool) -> Term {
    Term { readings: vec![phrase(words, is_prefix)], is_prefix, is_excluded }
}

/// Returns whether the index finds a text by a query, as both databases do.
fn finds(query: &str, text: &str) -> bool {
    let indexed = search::words([text], 12_000, 2_000);
    let alone = indexed.alone.iter().flat_map(|word| [GAP.to_owned(), word.clone()]);
    let indexed: Vec<String> = indexed.in_order.iter().cloned().chain(alone).collect();
    let is_at = |phrase: &Phrase, window: &[String]| {
        let last = window.len() - 1;
        let rest = window[..last] == phrase.words[..last];
        rest && (window[last] == phrase.words[last]
            || (phrase.is_prefix && window[last].starts_with(&phrase.words[last])))
    };
    let contains = |phrase: &Phrase| indexed.windows(phrase.words.len()).any(|window| is_at(phrase, window));
    Query::parse(query).unwrap().terms.iter().all(|term| term.readings.iter().any(contains) != term.is_excluded)
}

fn words<'t>(texts: impl IntoIterator<Item = &'t str>, max: usize) -> Vec<String> {
    search::words(texts, max, 100).in_order
}

#[test]
fn words_with_apostrophes_are_found_as_one_word_and_by_their_parts() {
    for apostrophe in ['\'', '’', '‘', '`', '´', 'ʼ', 'ʻ', '′', '＇', '‛', 'ꞌ', 'ʹ', 'ˈ'] {
        for (text, queries) in [
            (
                "Iraq's government",
                &["Iraq", "Iraq's", "Iraqs", "\"Iraqs government\"", "\"Iraq's government\"", "government"][..],
            ),
            ("La guerre de L'Irak", &["Irak", "L'Irak", "\"guerre de L'Irak\"", "\"de l irak\""]),
            (
                "l'actualité d'aujourd'hui",
                &["aujourd'hui", "d'aujourd'hui", "actualité", "\"actualité d'aujourd'hui\""],
            ),
            ("Ankara'da bir saldırı", &["Ankara", "Ankara'da", "\"Ankara'da bir\""]),
            ("il presidente dell'Ucraina", &["Ucraina", "dell'Ucraina"]),
            (
                "Mr O'Brien said",
                &["O'Brien", "OBrien", "Brien", "\"OBrien said\"", "\"O'Brien said\"", "\"mr obrien said\""],
            ),
            ("the airport of Sana'a", &["Sana'a", "Sanaa", "\"of Sanaa\""]),
            (
                "US President Trump's visit",
                &["Trump", "\"President Trump\"", "\"US President Trump\"", "\"Trump's visit\""],
            ),
            ("the U.N.'s envoy", &["UN", "U.N.", "\"the UN\"", "U.N.'s"]),
        ] {
            let text = text.replace('\'', &apostrophe.to_string());
            for query in queries {
                for query in [(*query).to_owned(), query.replace('\'', &apostrophe.to_string())] {
                    assert!(finds(&query, &text), "{query} in {text}");
                    assert_ne!(spans(&text, &Query::parse(&query).unwrap()), [], "{query} in {text}");
                }
            }
        }
    }
    assert!(!finds("\"Iraq government\"", "Iraq's government"));
    assert!(!finds("there", "the 're"));
    assert!(finds("علی زاده", "علی\u{200c}زاده") && finds("علیزاده", "علی\u{200c}زاده"));
    assert!(finds("علی\u{200c}زاده", "علیزاده") && finds("علی\u{200c}زاده", "علی زاده"));
    assert!(finds("کوردستان", "كوردستان") && finds("هەولێر", "ھەولیر") && finds("گۆران", "گوران"));
    assert!(finds("ڕزگار", "رزگار") && finds("دڵ", "دل"));
}

#[test]
fn dots_and_commas_separate_words_but_not_the_digits_of_a_number() {
    for (text, queries) in [
        ("see rudaw.net for more", &["rudaw", "net", "rudaw.net", "\"see rudaw\""][..]),
        ("on 10.07.2021 he", &["10", "07", "2021", "10.07.2021", "\"on 10.07.2021\""]),
        ("It ended.Protesters left", &["ended", "Protesters", "\"ended protesters\""]),
        ("We win…they lose...badly", &["win", "they", "lose", "badly"]),
        ("No.10 Downing Street", &["10", "no", "\"No. 10\"", "No.10"]),
        ("the U.N. and the U.S.-led force", &["UN", "U.N.", "US", "U.S.", "led"]),
        ("3.5 million", &["3.5", "3,5", "million", "3"]),
        ("574.8 points", &["574", "574.8", "points"]),
        ("32.9% of 1,234,567.89", &["32.9%", "1,234,567.89", "1"]),
        ("in 2019,2020", &["2019", "2020"]),
        ("٣٫٥ مليون", &["3.5", "٣٫٥"]),
        ("192.168.0.1", &["192.168.0.1", "168"]),
    ] {
        for query in queries {
            assert!(finds(query, text), "{query} in {text}");
        }
    }
    for (text, query) in [
        ("3.5 million", "35"),
        ("3.5 million", "5"),
        ("574.8 points", "5748"),
        ("574.8 points", "8"),
        ("32.9%", "329"),
        ("1,234 dead", "234"),
        ("1,234 dead", "1234"),
        ("35 dead", "3.5"),
        ("3 or 5 dead", "3.5"),
        ("rudaw.net", "rudawnet"),
        ("ended.Protesters", "endedprotesters"),
    ] {
        assert!(!finds(query, text), "{query} in {text}");
    }
}

#[test]
fn parts_of_unspaced_scripts_are_found() {
    for (text, queries) in [
        ("记者被绑架案件", &["绑架", "绑架案", "记者", "件", "被", "绑", "\"被绑架\""][..]),
        ("習近平国家主席", &["近平", "習近平", "主席"]),
        ("安倍晋三元首相が銃撃された", &["安倍", "晋三", "首相", "銃撃"]),
        ("ガザ地区のニュース", &["ガザ", "ニュース", "地区"]),
        ("ｶﾞｻﾞ", &["ガザ"]),
        ("นายกรัฐมนตรีไทย", &["รัฐมนตรี", "ไทย", "นายก"]),
        ("김정은은 말했다", &["김정은", "말했다"]),
        ("在2021年COVID疫苗", &["2021", "covid", "疫苗", "在2021年", "2021年"]),
    ] {
        for query in queries {
            assert!(finds(query, text), "{query} in {text}");
            assert_ne!(spans(text, &Query::parse(query).unwrap()), [], "{query} in {text}");
        }
    }
    assert!(!finds("架绑", "绑架") && !finds("绑案", "绑架案"));
    let found = |text: &str, query: &str| spans(text, &Query::parse(query).unwrap());
    assert_eq!(found("记者被绑架案件", "绑架案"), [(3, 6)]);
    assert_eq!(found("记者被绑架案件", "绑"), [(3, 4)]);
    assert_eq!(found("架 绑架案", "绑架"), [(2, 4)]);
    assert_eq!(found("Iraq's war", "Iraq"), [(0, 4)]);
    assert_eq!(found("a war on 10.07.2021", "2021"), [(15, 19)]);
}

#[test]
fn queries_parse_to_terms() {
    for (text, terms) in [
        ("security forces", vec![term(&["security"], false, false), term(&["forces"], false, false)]),
        ("\"security forces\"", vec![term(&["security", "forces"], false, false)]),
        ("“security forces” freed", vec![term(&["security", "forces"], false, false), term(&["freed"], false, false)]),
        ("tortur* -walk", vec![term(&["tortur"], true, false), term(&["walk"], false, true)]),
        ("\"security for\"* x", vec![term(&["security", "for"], true, false), term(&["x"], false, false)]),
        ("a -\"b c\"", vec![term(&["a"], false, false), term(&["b", "c"], false, true)]),
        ("a\"b c\"d", vec![term(&["a"], false, false), term(&["b", "c"], false, false), term(&["d"], false, false)]),
        ("\"never closed", vec![term(&["never", "closed"], false, false)]),
        ("al Mikdam", vec![term(&["mikdam"], false, false)]),
        ("Al", vec![term(&["al"], false, false)]),
        ("A,El a", vec![term(&["a"], false, false), term(&["a"], false, false)]),
        ("الكاظمي", vec![term(&["كاظمي"], false, false)]),
        ("Hennis-Plasschaert", vec![term(&["hennis", "plasschaert"], false, false)]),
        ("* - -- \"\" x", vec![term(&["x"], false, false)]),
    ] {
        assert_eq!(Query::parse(text), Ok(Query { terms }), "{text}");
    }
    for (text, error) in [
        ("", QueryError::Empty),
        (" \"\" * ", QueryError::Empty),
        ("-a -b", QueryError::OnlyExcluded),
        (&"a ".repeat(33), QueryError::TooLong),
    ] {
        assert_eq!(Query::parse(text), Err(error), "{text}");
    }
}

#[test]
fn words_of_texts_are_separated_and_limited() {
    assert_eq!(words(["Ali al-Mikdam", "", "علي المقدام"], 99), ["ali", "mikdam", GAP, GAP, "علي", "مقدام"]);
    assert_eq!(words(["a b c d"], 3), ["a", "b", "c"]);
    let many = "the ".repeat(300);
    let found = words([many.as_str()], 999);
    assert_eq!(found.iter().filter(|word| *word == "the").count(), 255);
    assert_eq!(found.len(), 300);
    assert_eq!(words(["x".repeat(99).as_str()], 9), ["x".repeat(64)]);
}

#[test]
fn spans_cover_the_matching_words() {
    let found = |text: &str, query: &str| spans(text, &Query::parse(query).unwrap());
    assert_eq!(found("Ali al-Mikdam is free.", "mikdam"), [(7, 13)]);
    assert_eq!(found("زار الكاظمي المقدام.", "كاظمي"), [(4, 11)]);
    assert_eq!(found("(\"Tortured\")", "tortur*"), [(2, 10)]);
    assert_eq!(found("a b a", "a -b"), [(0, 1), (4, 5)]);
    assert_eq!(found("nothing", "else"), []);
    let named = |name: &str, query: &str| name_spans(name, &Query::parse(query).unwrap(), &Sound::of(query));
    assert_eq!(named("علي المقدام", "Miqdam"), [(4, 11)]);
    assert_eq!(named("Ali al-Mikdam", "Miqdam"), [(7, 13)]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_or_is_rejected(text in any::<String>()) {
        if let Ok(query) = Query::parse(&text) {
            prop_assert!(query.required().count() > 0);
            let phrases: Vec<&Phrase> = query.terms.iter().flat_map(|term| &term.readings).collect();
            prop_assert!(phrases.iter().all(|phrase| !phrase.words.is_empty()));
            prop_assert!(phrases.iter().all(|phrase| phrase.words.iter().all(|word| !word.contains(['"', '\'', ' ', '\\', '*']))));
        }
    }

    #[test]
    fn text_contains_the_words_of_itself_as_a_query(text in "[a-zA-Zء-غف-ي .,'-]{0,60}") {
        if let Ok(query) = Query::parse(&text.replace('-', " ")) {
            let all = words([text.as_str()], 999);
            let is_found = |term: &Term| term.readings.iter().any(|phrase| phrase.words.iter().all(|word| all.contains(word)));
            prop_assert!(query.required().all(is_found), "{:?} {:?}", query, all);
        }
    }

    #[test]
    fn spans_are_within_the_text_and_ordered(text in any::<String>(), prefix in "[a-zé]{1,3}") {
        let found = spans(&text, &Query::parse(&format!("{prefix}*")).unwrap());
        let length = text.chars().count();
        prop_assert!(found.iter().all(|(start, end)| start < end && *end <= length));
        prop_assert!(found.windows(2).all(|two| two[0].1 <= two[1].0));
    }

    /// Each word finds the text, whatever separates it from the next one.
    #[test]
    fn every_word_of_a_text_finds_it(
        words in prop::collection::vec("[a-zéßа-я]{2,9}|[ا-غف-ي]{3,9}|[绑架近平安倍]{1,5}|[กขคนไเ]{1,5}", 1..40),
        separators in prop::collection::vec("[ .,;:'’/…-]|\\.\\.|, |\u{200c}", 40),
    ) {
        prop_assume!(!words.iter().any(|word| fold::is_article(&fold::joined_word(word))));
        let text: String = words.iter().zip(&separators).flat_map(|(word, separator)| [word.as_str(), separator]).collect();
        for word in &words {
            prop_assert!(finds(word, &text), "{} in {}", word, text);
        }
        let few: String = words.iter().zip(&separators).take(4).flat_map(|(word, separator)| [word.as_str(), separator]).collect();
        prop_assert!(finds(&format!("\"{few}\""), &text), "{} in {}", few, text);
    }

    /// A number finds a text only when it is one of its numbers, or the whole part of one.
    #[test]
    fn no_number_finds_another(
        numbers in prop::collection::vec(("[1-9][0-9]{0,4}", prop::option::of("[0-9]{1,3}"), "[.,]"), 1..6),
        asked in ("[1-9][0-9]{0,6}", prop::option::of("[0-9]{1,3}")),
    ) {
        let texts: Vec<String> = numbers.iter().map(|(whole, fraction, separator)| match fraction {
            Some(fraction) => format!("{whole}{separator}{fraction}"),
            None => whole.clone(),
        }).collect();
        let text = texts.join(" and ");
        for one in &texts {
            prop_assert!(finds(one, &text), "{} in {}", one, text);
        }
        let (whole, fraction) = &asked;
        let is_one = numbers.iter().any(|(one, part, _)| one == whole && (fraction.is_none() || fraction == part));
        let query = fraction.as_ref().map_or(whole.clone(), |fraction| format!("{whole}.{fraction}"));
        prop_assert!(finds(&query, &text) == is_one, "{} in {}", query, text);
    }
}
