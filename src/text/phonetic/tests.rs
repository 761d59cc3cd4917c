use crate::text::fold::{fold, words};
use crate::text::phonetic::Sound;
use crate::text::similarity::closeness;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

/// Returns true when a name has every word of a query by sound; a pair counts as a word.
fn sounds_alike(query: &str, name: &str) -> bool {
    let (query, name) = (Sound::of(query), Sound::of(name).keys());
    let has = |keys: &[String]| keys.iter().any(|key| name.contains(key));
    let all = |skip: std::ops::Range<usize>| {
        query.words.iter().enumerate().all(|(at, word)| skip.contains(&at) || has(&word.keys))
    };
    all(0..0) || query.pairs.iter().any(|pair| has(&pair.keys) && all(pair.words.clone()))
}

#[test]
fn spellings_of_one_name_match() {
    for names in [
        &["Mikdam", "Miqdam", "al-Mikdam", "Muqdam", "Meqdam", "Mekdām", "مقدام", "المقدام"][..],
        &["Kadhimi", "al-Kadhimi", "Kadhimy", "Kadimi", "الكاظمي", "کاظمی"],
        &["Kazemi", "al-Kazimi", "Kazimi", "Kadhimi", "الكاظمي"],
        &["Khadimi", "Kadhimi", "الكاظمي"],
        &[
            "Abd al-Rahman",
            "Abdul Rahman",
            "Abdurrahman",
            "Abd ar-Rahman",
            "Abderrahmane",
            "Abdelrahman",
            "عبد الرحمن",
            "عبدالرحمن",
        ],
        &["Abdullah", "Abdallah", "Abd Allah", "Abdulla", "عبد الله", "عبدالله"],
        &["Muhammad", "Mohammed", "Mohamed", "Muhammed", "Mohamad", "محمد"],
        &["Hussein", "Husayn", "Hossein", "Houssein", "Husain", "حسين"],
        &["Yusuf", "Youssef", "Yousif", "يوسف"],
        &["Osama", "Usama", "Ousama", "أسامة", "اسامه"],
        &["Othman", "Uthman", "Othmane", "عثمان"],
        &["Fathallah", "Fath Allah", "فتح الله"],
        &["Hibatallah", "هبة الله"],
        &["Ali bin Hassan", "Ali ibn Hassan", "Ali Hassan", "علي بن حسن"],
        &["Abu Bakr", "Abou Bakr", "Abubakr", "ابو بكر"],
        &["Ouali", "Wali", "والي"],
        &["Zaynab", "Zainab", "Zeinab", "زينب"],
        &["Hoda", "Huda", "Houda", "هدى"],
        &["Rashidiyya", "Rashidiya", "Rachidia", "الرشيدية"],
        &["Putin", "Путин", "Poutine"],
        &["Netanyahu", "נתניהו"],
        &["Yair Lapid", "יאיר לפיד"],
        &["Benny Gantz", "בני גנץ"],
        &["Shimon Peres", "שמעון פרס"],
        &["Yitzhak Rabin", "יצחק רבין"],
        &["Tsipras", "Τσίπρας"],
        &["Zelensky", "Zelenskyy", "Зеленский"],
        &["ali_almikdam", "Ali al-Mikdam"],
        &["Nour Eddine", "Noureddine", "Nur al-Din", "نور الدين"],
        &["Barzani", "بارزانی"],
        &["Heval", "هەڤاڵ"],
        &["Çelik", "Celik"],
        // The seam after "servant" is a border.
        &["Abd al-Jalil", "Abdul Jalil", "Abduljalil", "عبد الجليل", "عبدالجليل"],
        &["Abd al-Halim", "Abdelhalim", "Abdul Haleem", "عبد الحليم", "عبدالحليم"],
        &["Abd al-Hadi", "Abdulhadi", "عبد الهادي"],
        // A final h is silent, or not.
        &["Miftah", "Meftah", "مفتاح"],
        &["Sabih", "صبيح"],
        &["Taha", "طه"],
        &["Fatima", "Fatimah", "فاطمة"],
        // Equal consonants with a vowel between, and doubled groups of letters.
        &["Muazaz", "Moazzaz", "معزز"],
        &["Khashshab", "Khashab", "الخشاب"],
        // Letters with several sounds.
        &["Chalabi", "Jalabi", "جلبي"],
        &["Nafith", "Nafidh", "نافذ"],
        &["Kacem", "Qasim", "قاسم"],
        &["Alexander", "Aleksander", "ألكسندر"],
        &["Xi", "Shi"],
        &["Dschafar", "Jafar", "جعفر"],
        &["Ishaq", "اسحاق"],
        &["Adham", "ادهم"],
        &["Mazhar", "مظهر"],
        &["Tazhudin", "Tajuddin", "تاج الدين"],
        // "Of the faith" joined to the name.
        &["Husamaldeen", "Husam al-Din", "Husameddin", "حسام الدين"],
        &["Fatimetou Mint Malick", "فاطمتو بنت مالك"],
    ] {
        for one in names {
            for other in names {
                // One name may have as two words what the other has as one, so a match in one direction is enough.
                assert!(sounds_alike(one, other) || sounds_alike(other, one), "{one}, {other}");
            }
        }
    }
}

#[test]
fn the_order_of_words_is_ignored() {
    assert!(sounds_alike("Mikdam Ali", "Ali al-Mikdam"));
    assert!(sounds_alike("Hennis Plasschaert, Jeanine", "Jeanine Hennis-Plasschaert"));
}

#[test]
fn different_names_do_not_match() {
    for (one, other) in [
        ("Ali", "Lea"),
        ("Ali", "Lola"),
        ("Mikdam", "Mahdi"),
        ("Hassan", "Hussam"),
        ("Albert", "Herbert"),
        ("Baghdad", "Basra"),
        ("Salem", "Samir"),
        ("Jalil", "Halim"),
    ] {
        assert!(!sounds_alike(one, other), "{one}, {other}");
    }
}

#[test]
fn closer_spellings_have_a_higher_closeness() {
    for (query, near, far) in [
        ("Miqdam", "Mikdam", "Makdoum"),
        ("Kazemi", "Kadhimi", "Qasimi"),
        ("مقدام", "Miqdam", "Makdoum"),
        ("Ali al-Mikdam", "Ali al-Mikdam", "Ali Mikdam"),
        ("Ali Mikdam", "A. Mikdam", "Omar Mikdam"),
        ("Hassan Ali", "Hasan Ali", "Ali Hassan Hassan"),
    ] {
        let query = Sound::of(query);
        let (near, far) = (closeness(&query, &Sound::of(near)), closeness(&query, &Sound::of(far)));
        assert!(near > far, "{query:?}: {near} {far}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_word_has_keys(text in any::<String>()) {
        let sound = Sound::of(&text);
        prop_assert!(sound.words.iter().all(|word| !word.keys.is_empty() && word.keys.iter().all(|key| !key.is_empty())));
        prop_assert!(sound.pairs.iter().all(|pair| !pair.keys.is_empty() && pair.words.end <= sound.words.len()));
        prop_assert!(sound.words.iter().all(|word| word.keys.len() <= 16));
    }

    #[test]
    fn text_with_letters_has_words(text in "[a-zA-Zа-щα-ωا-غف-ي]{1,12}( [a-zA-Zа-щα-ωا-غف-ي]{1,12}){0,3}") {
        prop_assert!(!Sound::of(&text).words.is_empty(), "{}", text);
    }

    #[test]
    fn case_and_accents_are_ignored(text in "[a-zA-Zéèüñç '-]{1,24}") {
        let keys = Sound::of(&text).keys();
        prop_assert_eq!(&Sound::of(&text.to_uppercase()).keys(), &keys);
        prop_assert_eq!(&Sound::of(&text.replace('é', "e").replace('ñ', "n")).keys(), &keys);
    }

    #[test]
    fn name_matches_itself_with_the_highest_closeness(text in "[a-zء-ي]{2,10}( [a-zء-ي]{2,10}){0,3}", other in "[a-z]{2,10}( [a-z]{2,10}){0,2}") {
        prop_assert!(sounds_alike(&text, &text));
        let (one, other) = (Sound::of(&text), Sound::of(&other));
        let own = closeness(&one, &one);
        prop_assert!((0.0..=1.0).contains(&closeness(&one, &other)));
        // Words without Latin letters, such as ء, do not add to the closeness.
        prop_assert!(own == 1.0 || one.words.iter().any(|word| word.letters.is_empty()), "{}", own);
        prop_assert!(own >= closeness(&one, &other));
    }

    #[test]
    fn closeness_of_single_words_is_symmetric(one in "[a-zء-ي]{2,10}", other in "[a-zء-ي]{2,10}") {
        let (one, other) = (Sound::of(&one), Sound::of(&other));
        prop_assert!((closeness(&one, &other) - closeness(&other, &one)).abs() < 1e-9);
    }

    #[test]
    fn folded_names_match_their_original(text in "[a-zA-Z]{2,10}( [a-zA-Z]{2,10}){0,2}") {
        prop_assert_eq!(words(&text).len(), words(&fold(&text)).len());
        prop_assert!(sounds_alike(&fold(&text), &text) || fold(&text) != text.to_lowercase());
    }
}
