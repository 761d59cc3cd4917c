//! The golden queries: every `.graphql` file in `examples/mikdam/queries` and `tests/golden`.

use std::path::Path;

/// Returns all queries with their names, which are made of folder and file, such as `actor__through-time`.
pub fn queries() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("examples/mikdam/queries"), root.join("tests/golden")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "graphql") {
                let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
                let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
                let folder = if folder == "queries" { "example".to_owned() } else { folder };
                found.push((format!("{folder}__{stem}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
