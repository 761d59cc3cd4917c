//! Full-text filters.

use entity::name_key::NameRule;
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement, UnionType};

use crate::db::Dialect;
use crate::db::full_text::Within;
use crate::error::{Error, Result};
use crate::graphql::filter::FilterContext;
use crate::graphql::filter::name::{NameQuery, bearers};
use crate::text::limits::short_text_problem;
use crate::text::search;
use crate::text::search::{Query as SearchQuery, Term};

/// Matches rows whose texts contain the searched words.
pub(crate) fn full_text_match<E: EntityTrait>(text: &str, context: &mut FilterContext) -> Result<Expr> {
    context.is_selective = true;
    let found = context.dialect.full_text_matches(&parse_search(text)?, Within::All);
    Ok(Expr::col((E::default(), "id")).in_subquery(found))
}

/// Matches rows whose texts contain the searched words, or that have a name that matches by any rule.
pub(crate) fn full_text_or_name_match<E: EntityTrait>(text: &str, context: &mut FilterContext) -> Result<Expr> {
    context.is_selective = true;
    context.names.push(text.to_owned());
    Ok(Expr::col((E::default(), "id")).in_subquery(full_text_or_name_ids(text, NameRule::ALL, context.dialect)?))
}

/// Selects the ids of rows whose texts contain the searched words, and of those with a name that matches by one of the rules.
pub(crate) fn full_text_or_name_ids(text: &str, rules: &[NameRule], dialect: Dialect) -> Result<SelectStatement> {
    let search = parse_search(text)?;
    let mut found = dialect.full_text_matches(&search, Within::All);
    let searches = name_in_search(text, &search)?.map(|name| name.searches(rules)).unwrap_or_default();
    if let Some(bearers) = bearers(&searches, &mut |value| Expr::val(value)) {
        found.union(UnionType::Distinct, bearers);
    }
    Ok(found)
}

/// Parses the text of a search. Errors: `LIMIT` if it is too long, otherwise `BAD_INPUT`.
pub(crate) fn parse_search(text: &str) -> Result<SearchQuery> {
    if let Some(problem) = short_text_problem(text) {
        return Err(Error::Limit(format!("The search {problem}: write less")));
    }
    SearchQuery::parse(text).map_err(|mistake| match mistake {
        search::QueryError::TooLong => Error::Limit(mistake.to_string()),
        _ => Error::BadInput(mistake.to_string()),
    })
}

/// Returns the name that a search may be for: `None` if the text uses exclusions or prefixes, or has more than 8 words.
pub(crate) fn name_in_search(text: &str, search: &SearchQuery) -> Result<Option<NameQuery>> {
    const MAX_WORDS: usize = 8;
    let is_plain = search.terms.iter().all(|term| !term.is_excluded && !term.is_prefix);
    let is_short = search.terms.iter().map(Term::length).sum::<usize>() <= MAX_WORDS;
    (is_plain && is_short).then(|| NameQuery::new(text)).transpose()
}
