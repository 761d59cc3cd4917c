//! "Did you mean": the right name for a wrong one.

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

/// Names that are longer are no slips, and comparing them takes time by their square.
const MAX_LENGTH: usize = 100;

/// Minimum similarity of two names, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.5;

/// Returns the known name, in backticks, that was probably meant; none when none is near.
pub(super) fn nearest(given: &str, known: &[&str]) -> Option<String> {
    if given.len() > MAX_LENGTH {
        return None;
    }
    let lower = given.to_lowercase();
    if let Some(same) = known.iter().find(|name| name.to_lowercase() == lower) {
        return Some(format!("`{same}`"));
    }
    if let Some((_, synonyms)) = SYNONYMS.iter().find(|(word, _)| *word == lower.replace(['_', '-'], "")) {
        let all: Vec<String> =
            synonyms.iter().filter(|name| known.contains(name)).take(2).map(|name| format!("`{name}`")).collect();
        if !all.is_empty() {
            return Some(all.join(" or "));
        }
    }
    known
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| format!("`{name}`"))
}
