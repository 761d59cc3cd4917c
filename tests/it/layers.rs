//! The layers of the source: each module imports only from layers below it, as CONTRIBUTING.md lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The crates and modules of newsgraph, each with what it may import. Everything else of ours is forbidden.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &["newsgraph"]),
    ("cli", &["newsgraph", "entity"]),
    ("lib", &[]),
    (
        "fuzzing",
        &[
            "http",
            "export",
            "graphql",
            "import",
            "embed",
            "auth",
            "config",
            "db",
            "text",
            "error",
            "entity",
            "async_graphql",
        ],
    ),
    ("embed", &["http", "graphql", "import", "auth", "config", "db", "error", "async_graphql"]),
    (
        "http",
        &[
            "export",
            "graphql",
            "import",
            "auth",
            "config",
            "db",
            "error",
            "shutdown",
            "telemetry",
            "async_graphql",
            "axum",
        ],
    ),
    ("export", &["graphql", "import", "db", "text", "geo", "error", "shutdown", "entity"]),
    ("graphql", &["import", "auth", "db", "text", "geo", "error", "entity", "async_graphql"]),
    ("import", &["db", "text", "geo", "error", "entity"]),
    ("auth", &["config", "db", "text", "error", "http_client", "entity"]),
    ("telemetry", &["config", "error", "http_client"]),
    ("generate", &["error"]),
    ("db", &["text", "error", "entity", "migration"]),
    ("config", &["error"]),
    ("text", &["error"]),
    ("geo", &["error"]),
    ("error", &[]),
    ("http_client", &[]),
    ("shutdown", &[]),
    // Word lists are GraphQL enums, so that each is declared once.
    ("entity", &["async_graphql"]),
    ("migration", &[]),
];

/// Crates whose use is limited to some layers.
const CRATES: &[&str] = &["newsgraph", "entity", "migration", "async_graphql", "axum"];

/// The source without comments and string literals.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        for (at, part) in line.split('"').enumerate() {
            if at % 2 == 0 {
                code.push_str(part);
            }
        }
        code.push('\n');
    }
    code
}

/// The names that follow `prefix` in paths such as `crate::name::Type`.
fn names<'c>(code: &'c str, prefix: &str) -> Vec<&'c str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    code.match_indices(prefix)
        .filter(|(at, _)| !code[..*at].ends_with(is_word))
        .map(|(at, _)| {
            let rest = &code[at + prefix.len()..];
            &rest[..rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())]
        })
        .collect()
}

fn read(folder: &Path, layer: Option<&str>, found: &mut BTreeMap<String, BTreeSet<(String, String)>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let layer = layer.map_or(stem, str::to_owned);
        if path.is_dir() {
            read(&path, Some(&layer), found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = code(&std::fs::read_to_string(&path).unwrap());
            let is_crate = ["entity", "migration"].contains(&layer.as_str());
            let own = if is_crate { Vec::new() } else { names(&code, "crate::") };
            let others = CRATES.iter().copied().filter(|name| code.contains(&format!("{name}::")));
            let used =
                own.into_iter().chain(others).filter(|name| *name != layer && name.chars().all(|c| !c.is_uppercase()));
            let file = path.display().to_string();
            found.entry(layer.clone()).or_default().extend(used.map(|name| (name.to_owned(), file.clone())));
        }
    }
}

#[test]
fn modules_import_only_from_layers_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    read(&root.join("src"), None, &mut found);
    read(&root.join("entity/src"), Some("entity"), &mut found);
    read(&root.join("migration/src"), Some("migration"), &mut found);
    let mut wrong = Vec::new();
    for (layer, used) in &found {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
            wrong.push(format!("`{layer}` has no layer: add it to this test and to CONTRIBUTING.md"));
            continue;
        };
        for (name, file) in used {
            let is_ours = LAYERS.iter().any(|(known, _)| known == name) || CRATES.contains(&name.as_str());
            if is_ours && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{file}: `{layer}` may not import `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found["http"].iter().any(|(name, _)| name == "graphql"), "the test reads no imports: {found:?}");
}
