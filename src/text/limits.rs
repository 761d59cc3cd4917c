//! The lengths and characters of texts that the graph can store, the same on both databases and for records, feeds and filters.

/// Maximum length of a name, label, title, key, URL or other short text, in code points.
pub const MAX_SHORT_CODE_POINTS: usize = 1000;

/// Maximum length of a short text, in bytes of UTF-8. An index of PostgreSQL cannot hold an entry of more than 2,700 bytes.
pub const MAX_SHORT_BYTES: usize = 2000;

/// Maximum length of a summary, description, quote, note or other long text, in bytes of UTF-8.
pub const MAX_LONG_BYTES: usize = 100_000;

/// Maximum length of the text of an article, in bytes of UTF-8.
pub const MAX_ARTICLE_BYTES: usize = 10_000_000;

/// Returns what is wrong with a short text; `None` for one that can be stored.
pub fn short_text_problem(text: &str) -> Option<String> {
    if text.len() > MAX_SHORT_BYTES || text.chars().count() > MAX_SHORT_CODE_POINTS {
        return Some(format!("is longer than {MAX_SHORT_CODE_POINTS} code points or {MAX_SHORT_BYTES} bytes"));
    }
    nul_problem(text)
}

/// Returns what is wrong with a text of at most `max` bytes; `None` for one that can be stored.
pub fn long_text_problem(text: &str, max: usize) -> Option<String> {
    if text.len() > max { Some(format!("is longer than {max} bytes")) } else { nul_problem(text) }
}

/// Returns what is wrong with a text that contains the character NUL, which PostgreSQL cannot store.
pub fn nul_problem(text: &str) -> Option<String> {
    text.contains('\0').then(|| "contains the character U+0000 (NUL), which cannot be stored".to_owned())
}
