use crate::text::phonetic::Sound;
use crate::text::search::{GAP, Query, QueryError, Term, name_spans, spans, words};
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

fn term(words: &[&str], is_prefix: bool, is_excluded: bool) -> Term {
    Term { words: words.iter().map(|word| (*word).to_owned()).collect(), is_prefix, is_excluded }
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
            prop_assert!(query.terms.iter().all(|term| !term.words.is_empty() && term.words.iter().all(|word| !word.contains(['"', '\'', ' ', '\\', '*']))));
        }
    }

    #[test]
    fn text_contains_the_words_of_itself_as_a_query(text in "[a-zA-Zء-غف-ي .,'-]{0,60}") {
        if let Ok(query) = Query::parse(&text.replace('-', " ")) {
            let all = words([text.as_str()], 999);
            prop_assert!(query.required().all(|term| term.words.iter().all(|word| all.contains(word))), "{:?} {:?}", query, all);
        }
    }

    #[test]
    fn spans_are_within_the_text_and_ordered(text in any::<String>(), prefix in "[a-zé]{1,3}") {
        let found = spans(&text, &Query::parse(&format!("{prefix}*")).unwrap());
        let length = text.chars().count();
        prop_assert!(found.iter().all(|(start, end)| start < end && *end <= length));
        prop_assert!(found.windows(2).all(|two| two[0].1 <= two[1].0));
    }
}
