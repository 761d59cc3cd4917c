use crate::text::fold::{fold, words};
use crate::text::phonetic::Sound;
use crate::text::similarity::closeness;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

/// Whether a name has every word of a query by its sound, pairs counting as words.
fn sounds_alike(query: &str, name: &str) -> bool {
    let (query, name) = (Sound::of(query), Sound::of(name).keys());
    let has = |keys: &[String]| keys.iter().any(|key| name.contains(key));
    let all = |skip: std::ops::Range<usize>| {
        query.words.iter().enumerate().all(|(at, word)| skip.contains(&at) || has(&word.keys))
    };
    all(0..0) || query.pairs.iter().any(|pair| has(&pair.keys) && all(pair.words.clone()))
}

#[test]
fn one_name_in_many_spellings() {
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
        &["Tsipras", "Τσίπρας"],
        &["Zelensky", "Zelenskyy", "Зеленский"],
        &["ali_almikdam", "Ali al-Mikdam"],
        &["Nour Eddine", "Noureddine", "Nur al-Din", "نور الدين"],
        &["Barzani", "بارزانی"],
        &["Heval", "هەڤاڵ"],
        &["Çelik", "Celik"],
    ] {
        for one in names {
            for other in names {
                // What one writes as two words may be one for the other, not the other way round alone.
                assert!(sounds_alike(one, other) || sounds_alike(other, one), "{one}, {other}");
            }
        }
    }
}

#[test]
fn the_order_of_parts_does_not_count() {
    assert!(sounds_alike("Mikdam Ali", "Ali al-Mikdam"));
    assert!(sounds_alike("Hennis Plasschaert, Jeanine", "Jeanine Hennis-Plasschaert"));
}

#[test]
fn other_names_stay_apart() {
    for (one, other) in [
        ("Ali", "Lea"),
        ("Ali", "Lola"),
        ("Mikdam", "Mahdi"),
        ("Hassan", "Hussam"),
        ("Albert", "Herbert"),
        ("Baghdad", "Basra"),
        ("Salem", "Samir"),
    ] {
        assert!(!sounds_alike(one, other), "{one}, {other}");
    }
}

#[test]
fn the_nearest_is_the_likeliest() {
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
    fn every_name_has_keys(text in any::<String>()) {
        let sound = Sound::of(&text);
        prop_assert!(sound.words.iter().all(|word| !word.keys.is_empty() && word.keys.iter().all(|key| !key.is_empty())));
        prop_assert!(sound.pairs.iter().all(|pair| !pair.keys.is_empty() && pair.words.end <= sound.words.len()));
        prop_assert!(sound.words.iter().all(|word| word.keys.len() <= 16));
    }

    #[test]
    fn letters_have_a_sound(text in "[a-zA-Zа-щα-ωا-غف-ي]{1,12}( [a-zA-Zа-щα-ωا-غف-ي]{1,12}){0,3}") {
        prop_assert!(!Sound::of(&text).words.is_empty(), "{}", text);
    }

    #[test]
    fn case_accents_and_signs_do_not_count(text in "[a-zA-Zéèüñç '-]{1,24}") {
        let keys = Sound::of(&text).keys();
        prop_assert_eq!(&Sound::of(&text.to_uppercase()).keys(), &keys);
        prop_assert_eq!(&Sound::of(&text.replace('é', "e").replace('ñ', "n")).keys(), &keys);
    }

    #[test]
    fn a_name_sounds_like_itself_and_is_nearest(text in "[a-zء-ي]{2,10}( [a-zء-ي]{2,10}){0,3}", other in "[a-z]{2,10}( [a-z]{2,10}){0,2}") {
        prop_assert!(sounds_alike(&text, &text));
        let (one, other) = (Sound::of(&text), Sound::of(&other));
        let own = closeness(&one, &one);
        prop_assert!((0.0..=1.0).contains(&closeness(&one, &other)));
        // Words without letters of their own, such as ء, are no reason for likeness.
        prop_assert!(own == 1.0 || one.words.iter().any(|word| word.letters.is_empty()), "{}", own);
        prop_assert!(own >= closeness(&one, &other));
    }

    #[test]
    fn closeness_is_the_same_both_ways_for_single_words(one in "[a-zء-ي]{2,10}", other in "[a-zء-ي]{2,10}") {
        let (one, other) = (Sound::of(&one), Sound::of(&other));
        prop_assert!((closeness(&one, &other) - closeness(&other, &one)).abs() < 1e-9);
    }

    #[test]
    fn what_folds_alike_sounds_alike(text in "[a-zA-Z]{2,10}( [a-zA-Z]{2,10}){0,2}") {
        prop_assert_eq!(words(&text).len(), words(&fold(&text)).len());
        prop_assert!(sounds_alike(&fold(&text), &text) || fold(&text) != text.to_lowercase());
    }
}
