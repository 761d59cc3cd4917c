//! "Did you mean": the right name for a wrong one.

use crate::error::most_similar;

/// Names that people bring from other APIs, and what this API calls them, the likeliest first.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("where", &["filter"]),
    ("condition", &["filter"]),
    ("limit", &["first"]),
    ("take", &["first"]),
    ("pagesize", &["first"]),
    ("offset", &["after"]),
    ("skip", &["after"]),
    ("cursor", &["after"]),
    ("sort", &["orderBy"]),
    ("sortby", &["orderBy"]),
    ("order", &["orderBy"]),
    ("contains", &["matches", "search", "some", "in"]),
    ("like", &["matches", "search", "eq"]),
    ("ilike", &["matches", "search", "eq"]),
    ("icontains", &["matches", "search"]),
    ("startswith", &["matches", "search"]),
    ("text", &["search", "matches"]),
    ("q", &["search", "text"]),
    ("query", &["search", "text"]),
    ("equals", &["eq"]),
    ("equal", &["eq"]),
    ("is", &["eq"]),
    ("ne", &["notIn", "not"]),
    ("neq", &["notIn", "not"]),
    ("nin", &["notIn"]),
    ("any", &["some"]),
    ("all", &["every"]),
    ("gt", &["after", "gte"]),
    ("gte", &["after", "gt"]),
    ("min", &["gte", "after"]),
    ("since", &["after", "from"]),
    ("lt", &["before", "lte"]),
    ("lte", &["before", "lt"]),
    ("max", &["lte", "before"]),
    ("until", &["before", "to"]),
    ("start", &["from", "after"]),
    ("end", &["to", "before"]),
    ("exists", &["isNull"]),
    ("null", &["isNull"]),
    ("count", &["totalCount"]),
    ("total", &["totalCount"]),
    ("items", &["nodes"]),
    ("results", &["nodes"]),
    ("data", &["nodes"]),
    ("name", &["label", "title", "name"]),
    ("title", &["label", "headline", "title"]),
    ("person", &["actor", "people"]),
    ("persons", &["people"]),
    ("organization", &["actor", "organizations"]),
    ("organisation", &["actor", "organizations"]),
    ("group", &["actor", "groups"]),
    ("anonymoussource", &["actor", "anonymousSources"]),
    ("source", &["speaker", "actor", "article"]),
    ("location", &["place"]),
    ("locations", &["places"]),
    ("date", &["when", "saidAt", "published"]),
    ("time", &["when", "saidAt"]),
    ("type", &["kind"]),
    ("kind", &["type"]),
    ("participants", &["participations"]),
    ("quotes", &["statements"]),
    ("documents", &["articles"]),
];

/// Returns the known names, in backticks, that were probably meant: the same in other case, a synonym, or the most similar one;
/// none when none is near.
pub(super) fn nearest(given: &str, known: &[&str]) -> Option<String> {
    let plain = given.to_lowercase().replace(['_', '-'], "");
    if let Some(same) = known.iter().find(|name| name.to_lowercase() == plain) {
        return Some(format!("`{same}`"));
    }
    let synonyms = SYNONYMS.iter().find(|(word, _)| *word == plain).map_or(&[][..], |(_, synonyms)| synonyms);
    let meant: Vec<String> =
        synonyms.iter().filter(|name| known.contains(name)).take(2).map(|name| format!("`{name}`")).collect();
    if !meant.is_empty() {
        return Some(meant.join(" or "));
    }
    most_similar(given, known.iter().copied()).map(|name| format!("`{name}`"))
}
