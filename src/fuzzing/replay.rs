//! Runs every file of the corpora.

use std::collections::BTreeSet;
use std::path::Path;

use crate::fuzzing::TARGETS;
use crate::fuzzing::story::remove_databases;

fn names(folder: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_input_of_the_corpora_keeps_the_promises() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz.join("fuzz_targets")), targets, "the binaries of fuzz/ are not the targets");
    assert_eq!(names(&fuzz.join("corpus")), targets, "the folders of fuzz/corpus are not the targets");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, target) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let mut files: Vec<_> = std::fs::read_dir(fuzz.join("corpus").join(name)).unwrap().collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        files.sort_by_key(|file| file.as_ref().unwrap().path());
        for file in files {
            let path = file.unwrap().path();
            // Shown if the test fails: the last one is the cause.
            println!("{}", path.display());
            target(&std::fs::read(path).unwrap());
        }
    }
    remove_databases();
}
