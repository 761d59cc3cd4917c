//! Filters of full text.

use entity::name_key::NameRule;
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};

use crate::db::Dialect;
use crate::db::full_text::Within;
use crate::error::{Error, Result};
use crate::graphql::filter::FilterContext;
use crate::graphql::filter::name::NameQuery;
use crate::text::search;
use crate::text::search::Query as Words;

/// The words are in the row.
pub(crate) fn searched<E: EntityTrait>(text: &str, context: &mut FilterContext) -> Result<Expr> {
    context.is_named = true;
    let found = context.dialect.found(&words(text)?, Within::All);
    Ok(Expr::col((E::default(), "id")).in_subquery(found))
}

/// The words are in the row, or it bears a name that agrees by any rule.
pub(crate) fn searched_or_named<E: EntityTrait>(text: &str, context: &mut FilterContext) -> Result<Expr> {
    context.is_named = true;
    context.names.push(text.to_owned());
    Ok(Expr::col((E::default(), "id")).in_subquery(found_or_named(text, NameRule::ALL, context.dialect)?))
}

/// Selects the numbers of rows in which the words are, and of bearers of a name that agrees by one of the rules.
pub(crate) fn found_or_named(text: &str, rules: &[NameRule], dialect: Dialect) -> Result<SelectStatement> {
    let words = words(text)?;
    let mut found = dialect.found(&words, Within::All);
    let names = name(text, &words)?;
    let names = names.iter().flat_map(|name| rules.iter().flat_map(|rule| name.by(*rule)));
    if let Some(names) = names.reduce(|mut left, right| left.union(UnionType::All, right).take()) {
        let bearers =
            Query::select().column("target_id").from("name").and_where(Expr::col("id").in_subquery(names)).take();
        found.union(UnionType::Distinct, bearers);
    }
    Ok(found)
}

pub(crate) fn words(text: &str) -> Result<Words> {
    Words::parse(text).map_err(|mistake| match mistake {
        search::Mistake::Long => Error::Limit(mistake.to_string()),
        _ => Error::BadInput(mistake.to_string()),
    })
}

/// The name that a search may be for: one without signs of the search language, and no sentence.
pub(crate) fn name(text: &str, words: &Words) -> Result<Option<NameQuery>> {
    const MOST_WORDS: usize = 8;
    let is_plain = words.terms.iter().all(|term| !term.is_excluded && !term.is_prefix);
    let is_short = words.terms.iter().map(|term| term.words.len()).sum::<usize>() <= MOST_WORDS;
    (is_plain && is_short).then(|| NameQuery::new(text)).transpose()
}
