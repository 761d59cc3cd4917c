//! The documentation is correct: its queries return the responses shown, its records can be imported, its links point to
//! existing files and headings, and its commands and flags exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use async_graphql::Request;
use newsgraph::auth::{Caller, Scope};
use newsgraph::graphql::Session;
use serde_json::{Value, json};

use crate::fixture::{databases, databases_with_story};

/// A page of the documentation.
struct Page {
    /// Its path relative to the repository.
    path: PathBuf,
    text: String,
}

/// A fenced block of a page.
#[derive(Debug)]
struct Block {
    language: String,
    text: String,
    /// The line of its opening fence, from 1.
    line: usize,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), text }
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (at, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(language), None) => {
                    open = Some(Block { language: language.trim().to_owned(), text: String::new(), line: at + 1 });
                }
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fenced block has no end", self.path.display());
        blocks
    }

    /// The text outside of fenced blocks.
    fn prose(&self) -> String {
        let mut fenced = false;
        let lines = self.text.lines().filter(|line| {
            let fence = line.starts_with("```");
            fenced ^= fence;
            !fence && !fenced
        });
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// The anchors that GitHub gives its headings.
    fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        for heading in self.prose().lines().filter(|line| line.starts_with('#')) {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let numbered = (1..).map(|number| format!("{slug}-{number}"));
            let mut names = std::iter::once(slug.clone()).chain(numbered);
            anchors.extend(names.find(|name| !anchors.contains(name)));
        }
        anchors
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of a folder and the folders in it, relative to the repository.
fn markdown(folder: &str, pages: &mut Vec<Page>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let path = path.strip_prefix(root()).unwrap().to_owned();
        if root().join(&path).is_dir() {
            markdown(path.to_str().unwrap(), pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(Page::read(&path));
        }
    }
}

/// All pages with links: the documentation, and the files that are linked from it.
fn all_pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for path in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "web/README.md"] {
        pages.push(Page::read(Path::new(path)));
    }
    for folder in ["docs", "examples", "bench"] {
        markdown(folder, &mut pages);
    }
    pages
}

/// The pages for users, which contain queries, records and commands.
fn user_pages() -> Vec<Page> {
    let mut pages = vec![Page::read(Path::new("README.md")), Page::read(Path::new("examples/mikdam/README.md"))];
    markdown("docs", &mut pages);
    pages
}

/// Every `graphql` block is valid. One that is followed by a `json` block returns exactly that, on every database.
#[tokio::test]
async fn queries_return_the_responses_shown() {
    let pages = user_pages();
    let mut mistakes = Vec::new();
    for story in databases_with_story().await {
        let mut answered: BTreeMap<&Path, usize> = BTreeMap::new();
        for page in &pages {
            let blocks = page.blocks();
            for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "graphql") {
                let place = page.place(block.line);
                let answer = blocks.get(at + 1).filter(|next| next.language == "json");
                let Some(answer) = answer else {
                    mistakes.extend(
                        invalid(&story.api, &story.db, &block.text).await.map(|error| format!("{place}: {error}")),
                    );
                    continue;
                };
                let expected: Value =
                    serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{place}: {error}"));
                let (found, _) = story.query_counting_statements(&block.text, json!({})).await;
                if found["data"] != expected || found.get("errors").is_some() {
                    mistakes.push(format!("{place} on {}: {found:#}", story.url));
                }
                *answered.entry(&page.path).or_default() += 1;
            }
        }
        let of = |path: &str| answered.get(Path::new(path)).copied().unwrap_or_default();
        assert!(of("README.md") >= 3, "the README has only {} queries with responses", of("README.md"));
        assert!(
            of("docs/querying.md") >= 10,
            "docs/querying.md has only {} queries with responses",
            of("docs/querying.md")
        );
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// Returns the validation error of a document. Errors of execution are ignored, because the ids in it may be made up.
async fn invalid(api: &newsgraph::graphql::Api, db: &newsgraph::db::Db, document: &str) -> Option<String> {
    let caller = Caller { name: Some("docs".into()), scopes: [Scope::Read, Scope::Write].into() };
    let request = Request::new(document).data(Session::new(db.clone())).data(caller);
    let response = api.execute(request).await;
    let error = response.errors.iter().find(|error| error.path.is_empty())?;
    // What a valid subscription gives here.
    Some(error.message.clone()).filter(|message| message != "A subscription is executed as a stream")
}

/// The `jsonl` blocks of a page are files of records that import one after another.
#[tokio::test]
async fn documented_records_can_be_imported() {
    let mut imported = 0;
    for page in user_pages() {
        let blocks: Vec<Block> = page.blocks().into_iter().filter(|block| block.language == "jsonl").collect();
        if blocks.is_empty() {
            continue;
        }
        for fixture in databases().await {
            for block in &blocks {
                // A block without a dataset of its own continues the first one.
                let continued = if block.text.contains("\"record\": \"dataset\"") {
                    ""
                } else {
                    "{\"record\": \"dataset\", \"key\": \"mine\"}\n"
                };
                let report = fixture.import(&format!("{continued}{}", block.text)).await;
                assert_eq!(report.problems, [], "{}", page.place(block.line));
                imported += 1;
            }
        }
    }
    assert!(imported >= 3, "the documentation shows {imported} files of records");
}

#[test]
fn links_point_to_existing_files_and_headings() {
    let mut broken = Vec::new();
    for page in all_pages() {
        let folder = root().join(page.path.parent().unwrap());
        for target in links(&page.prose()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) =
                target.split_once('#').map_or((target.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let path = if file.is_empty() { root().join(&page.path) } else { folder.join(file) };
            if !path.exists() {
                broken.push(format!("{}: {target} does not exist", page.path.display()));
            } else if let Some(anchor) = anchor {
                let is_heading = path.extension().is_some_and(|extension| extension == "md")
                    && Page::read(path.canonicalize().unwrap().strip_prefix(root()).unwrap())
                        .anchors()
                        .contains(anchor);
                if !is_heading {
                    broken.push(format!("{}: {target} has no such heading", page.path.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The targets of the links and images of a text: `[text](target)` and `src="target"`.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (begin, end) in [("](", ')'), ("src=\"", '"'), ("srcset=\"", '"')] {
        for (at, _) in text.match_indices(begin) {
            let rest = &text[at + begin.len()..];
            targets.extend(rest.split_once(end).map(|(target, _)| target.trim_matches(['<', '>']).to_owned()));
        }
    }
    targets
}

/// Every page of the documentation is listed in its index.
#[test]
fn index_lists_every_page() {
    let index = Page::read(Path::new("docs/README.md"));
    let linked = links(&index.text);
    let mut pages = Vec::new();
    markdown("docs", &mut pages);
    for page in pages.iter().filter(|page| page.path != index.path) {
        let name = page.path.strip_prefix("docs").unwrap().to_str().unwrap();
        assert!(linked.iter().any(|link| link == name), "docs/README.md does not list {name}");
    }
}

/// The help pages of the program: flags and environment variables by command.
struct Help {
    commands: BTreeMap<String, String>,
}

impl Help {
    fn read() -> Self {
        let mut commands = BTreeMap::new();
        let mut open = vec![String::new()];
        while let Some(command) = open.pop() {
            let output =
                Command::new(env!("CARGO_BIN_EXE_newsgraph")).args(command.split_whitespace()).arg("--help").output();
            let text = String::from_utf8(output.unwrap().stdout).unwrap();
            let listed =
                text.split("Commands:\n").nth(1).and_then(|list| list.split("\n\n").next()).unwrap_or_default();
            let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
            for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
                open.push(format!("{command} {name}").trim().to_owned());
            }
            commands.insert(command, text);
        }
        assert!(commands.len() > 10, "{:?}", commands.keys());
        Self { commands }
    }

    fn has(&self, command: &str, flag: &str) -> bool {
        self.commands.get(command).is_some_and(|help| words(help).any(|word| word == flag))
    }

    fn any_has(&self, word: &str) -> bool {
        self.commands.values().any(|help| words(help).any(|other| other == word))
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
}

/// Commands in `console` blocks, flags in code spans and environment variables exist.
#[test]
fn commands_flags_and_variables_exist() {
    let help = Help::read();
    let mut mistakes = Vec::new();
    for page in user_pages() {
        for block in page.blocks().iter().filter(|block| block.language == "console") {
            let text = block.text.replace("\\\n", " ");
            for line in text.lines() {
                let line = line.split(" #").next().unwrap_or_default().trim_end_matches(')');
                // `KEY=$(newsgraph key create ...)`, and `cargo run -- serve` for the same program.
                let Some((_, rest)) =
                    line.split_once("newsgraph ").or_else(|| line.split_once("cargo run --release -- "))
                else {
                    continue;
                };
                let is_ours =
                    line.starts_with("newsgraph ") || line.starts_with("cargo run") || line.contains("$(newsgraph ");
                if !is_ours {
                    continue;
                }
                let arguments: Vec<&str> = rest.split_whitespace().collect();
                let path = arguments.iter().take_while(|word| !word.starts_with('-')).copied().collect::<Vec<_>>();
                let command = (0..=path.len().min(2))
                    .rev()
                    .map(|length| path[..length].join(" "))
                    .find(|path| help.commands.contains_key(path));
                let command = command.filter(|command| !command.is_empty());
                let Some(command) = command else {
                    mistakes.push(format!("{}: `{line}` is not a command", page.place(block.line)));
                    continue;
                };
                for flag in arguments.iter().filter(|word| word.starts_with("--")) {
                    if !help.has(&command, flag) {
                        mistakes.push(format!("{}: `newsgraph {command}` has no flag {flag}", page.place(block.line)));
                    }
                }
            }
        }
        for span in page.prose().split('`').skip(1).step_by(2) {
            let flag = span.split([' ', '=']).next().unwrap_or_default();
            if flag.starts_with("--") && flag.len() > 2 && !help.any_has(flag) {
                mistakes.push(format!("{}: no command has the flag {flag}", page.path.display()));
            }
        }
        for variable in words(&page.text).filter(|word| word.starts_with("NEWSGRAPH_")) {
            if !help.any_has(variable) {
                mistakes.push(format!("{}: no command reads {variable}", page.path.display()));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

/// The documentation and the help list the same exit codes.
#[test]
fn documented_exit_codes_match_the_help() {
    let help = Help::read();
    let listed = help.commands[""].split("Exit codes:\n").nth(1).expect("the help lists exit codes");
    let page = Page::read(Path::new("docs/operations.md"));
    let mut codes = 0;
    for line in listed.lines().filter(|line| !line.trim().is_empty()) {
        let (code, meaning) = line.trim().split_once(char::is_whitespace).unwrap();
        let row = format!("| {code} | {} |", meaning.trim());
        assert!(page.text.contains(&row), "docs/operations.md lacks the row `{row}`");
        codes += 1;
    }
    assert_eq!(codes, 4);
}

/// The documentation contains the terms that readers search for.
#[test]
fn documentation_contains_standard_terms() {
    let text: String = user_pages().iter().map(|page| page.text.to_lowercase().replace('\n', " ")).collect();
    let terms = [
        "pagination",
        "rate limit",
        "connection pool",
        "entity resolution",
        "audit log",
        "point-in-time",
        "n+1",
        "backpressure",
        "idempotency",
        "cursor",
        "full-text search",
        "provenance",
        "keyset",
        "snapshot",
        "replica lag",
    ];
    let missing: Vec<&str> = terms.into_iter().filter(|term| !text.contains(term)).collect();
    assert!(missing.is_empty(), "the documentation lacks {missing:?}");
}
