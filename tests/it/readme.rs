//! The README shows questions with their answers: they are what is answered.

use serde_json::{Value, json};

use crate::fixture::stories;

/// The fenced blocks of a language, with where they begin.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<(usize, &'t str)> {
    let fence = format!("```{language}\n");
    let begin = |(at, _): (usize, &str)| {
        let body = &text[at + fence.len()..];
        (at, &body[..body.find("\n```").unwrap()])
    };
    text.match_indices(&fence).map(begin).collect()
}

#[tokio::test]
async fn its_questions_have_the_answers_it_shows() {
    let readme = include_str!("../../README.md");
    let answers = blocks(readme, "json");
    for story in stories().await {
        let mut asked = 0;
        for (at, query) in blocks(readme, "graphql") {
            let (_, answer) = answers.iter().find(|(answer_at, _)| *answer_at > at).unwrap();
            let expected: Value = serde_json::from_str(answer).unwrap();
            let (found, _) = story.ask_counted(query, json!({})).await;
            assert_eq!(found["data"], expected, "{query} on {}: {found:#}", story.url);
            asked += 1;
        }
        assert!(asked >= 10, "the README asks {asked} questions");
    }
}
