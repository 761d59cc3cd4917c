//! Filters of names.

use async_graphql::InputObject;
use entity::name_key::NameRule;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};

use super::any;
use super::scalar::text;
use crate::error::{Error, Result};
use crate::text::fold;

/// A filter of the names of an actor or place. A label that is a description is no name.
#[derive(Clone, Debug, InputObject)]
pub struct NameMatch {
    /// The name, whole or one or more of its words.
    pub matches: String,
    /// How names are compared; all ways when left out.
    pub modes: Option<Vec<NameRule>>,
}

impl NameMatch {
    /// The number of a row that bears a name that matches.
    pub(crate) fn test(&self, column: Expr) -> Result<Expr> {
        let modes = self.modes.clone().unwrap_or_else(|| NameRule::ALL.to_vec());
        let folded = fold::words(&self.matches);
        if folded.is_empty() {
            return Err(Error::BadInput("`matches` has no letter or digit: write a name or a part of one".into()));
        }
        if folded.len() > 20 {
            return Err(Error::Limit("`matches` has more than 20 words: write a name".into()));
        }
        // One select a rule, joined by UNION: each enters an index, which no planner does for an OR between them.
        let mut found = Vec::new();
        if modes.contains(&NameRule::Exact) {
            found.push(bearers().and_where(Expr::col(("name", "text")).eq(self.matches.as_str())).take());
        }
        if modes.contains(&NameRule::Folded) {
            // The words are all among the name's words, or they are its parts joined or split otherwise.
            if let [first, rest @ ..] = folded.as_slice() {
                let mut names = bearers_by_key(std::slice::from_ref(first));
                for word in rest {
                    let with_word = Query::select()
                        .column("name_id")
                        .from("name_key")
                        .and_where(has_key(std::slice::from_ref(word)))
                        .take();
                    names.and_where(Expr::col(("name", "id")).in_subquery(with_word));
                }
                found.push(names);
            }
            let mut forms = vec![fold::fold_joined(&self.matches), folded.concat()];
            forms.dedup();
            found.push(bearers_by_key(&forms));
        }
        let all = found.into_iter().reduce(|mut left, right| left.union(UnionType::Distinct, right).take());
        Ok(all.map_or_else(|| any([]), |all| column.in_subquery(all)))
    }
}

/// Selects who bears a name.
fn bearers() -> SelectStatement {
    Query::select().column(("name", "target_id")).from("name").take()
}

/// Selects who bears a name with one of the folded keys.
fn bearers_by_key(keys: &[String]) -> SelectStatement {
    let same = Expr::col(("name_key", "name_id")).equals(("name", "id"));
    bearers().join(JoinType::InnerJoin, "name_key", same).and_where(has_key(keys)).take()
}

fn has_key(keys: &[String]) -> Expr {
    Expr::col(("name_key", "rule"))
        .eq(text(NameRule::Folded))
        .and(Expr::col(("name_key", "key")).is_in(keys.iter().map(String::as_str)))
}
