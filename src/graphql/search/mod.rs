//! Search over all nouns: things by their names in any script, and by the words that are written of them.

mod candidate;
mod highlight;
mod suggest;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::name_key::NameRule;
use entity::record;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use tokio::sync::OnceCell;

pub(crate) use crate::graphql::search::suggest::suggestions;

use crate::error::Error;
use crate::graphql::connection::page_args::{DEFAULT_PAGE, LONGEST_PAGE};
use crate::graphql::filter::{NameQuery, asked_name, asked_words, found_or_named};
use crate::graphql::loading::session::{Session, SharedError, session};
use crate::graphql::search::candidate::Candidate;
use crate::graphql::search::highlight::Texts;
pub use crate::graphql::search::highlight::{Highlight, HighlightRange};
use crate::graphql::types::name::Name;
use crate::graphql::types::node::{Node, NodeKind, load};
use crate::text::search::Query as Words;

/// Declares the nouns that can be searched.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident,)+) => {
        /// A noun that can be searched.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum SearchKind { $($(#[doc = $doc])+ $kind,)+ }

        impl SearchKind {
            const ALL: &'static [Self] = &[$(Self::$kind),+];

            fn stored(self) -> record::RecordKind {
                match self { $(Self::$kind => record::RecordKind::$kind,)+ }
            }
        }

        fn shown(kind: record::RecordKind) -> Option<NodeKind> {
            match kind {
                $(record::RecordKind::$kind => Some(NodeKind::$kind),)+
                _ => None,
            }
        }
    };
}

kinds! {
    /// People, organizations, groups and anonymous sources: names, label; description, occupation, descriptor.
    Actor,
    /// Places: names, label; description.
    Place,
    /// Events: title; summary, place note.
    Event,
    /// Accounts of events: label; place note.
    Account,
    /// Statements: summary; text, speaker as printed.
    Statement,
    /// Claims: text.
    Claim,
    /// Relations: title; note.
    Relation,
    /// Figures: what is counted.
    Figure,
    /// Articles: headline; the first 12,000 words of the text.
    Article,
}

/// By what something was found, the surer first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
pub enum SearchRule {
    /// Its name is the text, letter for letter.
    Exact,
    /// Its name has all the words, without regard to case, accents, articles, punctuation and joined or split parts.
    Folded,
    /// Its name has all the words, carried over to Latin letters.
    Transliterated,
    /// Its name has all the words by their sound.
    Phonetic,
    /// The words are written of it.
    Text,
    /// Its name has all the words but one by their sound. Such hits come last and are not counted.
    Part,
}

/// Something found.
#[derive(SimpleObject)]
pub struct SearchHit {
    /// What was found.
    node: Node,
    /// By what.
    rule: SearchRule,
    /// The name that agrees; null for `TEXT`.
    name: Option<Name>,
    /// How near the name is, from 0 to 1, the same letters, in thousandths; null for `TEXT`.
    closeness: Option<f64>,
    /// Where the words stand in its texts, a text each, at most 10. Empty when a name agrees by its sound alone and no word
    /// of it does.
    highlights: Vec<Highlight>,
}

/// What a search finds.
pub struct Search {
    text: String,
    words: Words,
    name: Option<NameQuery>,
    kinds: Vec<SearchKind>,
    modes: Vec<NameRule>,
    first: usize,
    candidates: OnceCell<Result<Arc<Vec<Candidate>>, SharedError>>,
}

impl Search {
    async fn candidates(&self, session: &Session) -> Result<Arc<Vec<Candidate>>, SharedError> {
        self.candidates.get_or_init(async || Ok(Arc::new(candidate::rank(self, session).await?))).await.clone()
    }

    fn kind_words(&self) -> Vec<String> {
        self.kinds.iter().map(|kind| kind.stored().to_value()).collect()
    }
}

/// What a search finds.
#[Object]
impl Search {
    /// The best hits: by rule in the order of `SearchRule`. Names of one rule by closeness and by how often their bearers
    /// have part in events, speak or are the place of events; of each rule at most 2,000 names are looked at. Texts that
    /// have the words side by side in their title before those that have them there in any order, then elsewhere side by
    /// side, then in any order; of equals the last recorded first.
    async fn hits(&self, ctx: &Context<'_>) -> Result<Vec<SearchHit>, SharedError> {
        let session = session(ctx)?;
        let candidates = self.candidates(session).await?;
        let mut nodes = HashMap::new();
        for kind in SearchKind::ALL.iter().filter_map(|kind| shown(kind.stored())) {
            let ids: Vec<i64> =
                candidates.iter().filter(|one| shown(one.kind) == Some(kind)).map(|one| one.id).collect();
            if !ids.is_empty() {
                nodes.extend(load(session, kind, &ids).await?);
            }
        }
        let ids: Vec<i64> = candidates.iter().filter_map(|one| one.name.as_ref().map(|name| name.id)).collect();
        let names = if ids.is_empty() { Vec::new() } else { load(session, NodeKind::Name, &ids).await? };
        let names: HashMap<i64, Node> = names.into_iter().collect();
        let texts = if ctx.look_ahead().field("highlights").exists() {
            Texts::read(session, &candidates).await?
        } else {
            Texts::default()
        };
        let hit = |one: &Candidate| {
            let name = one.name.as_ref().and_then(|name| match names.get(&name.id) {
                Some(Node::Name(name)) => Some(name.clone()),
                _ => None,
            });
            Some(SearchHit {
                // Gone since the search found it.
                node: nodes.get(&one.id)?.clone(),
                rule: one.rule,
                name,
                closeness: one.name.as_ref().map(|name| name.closeness),
                highlights: texts.highlights(one, &self.words, self.name.as_ref()),
            })
        };
        Ok(candidates.iter().filter_map(hit).collect())
    }

    /// How many things are found, but for those whose name has one word less (`PART`). Counted only when selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, SharedError> {
        let session = session(ctx)?;
        let found = found_or_named(&self.text, &self.modes, session.dialect())?;
        let select = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from("record")
            .and_where(Expr::col(("record", "id")).in_subquery(found))
            .and_where(Expr::col(("record", "kind")).is_in(self.kind_words()))
            .take();
        let rows = session.all(&select).await?;
        let count = rows.first().map(|row| row.try_get::<i64>("", "count")).transpose()?.unwrap_or(0);
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// "Did you mean": names at hand that are near, when nothing is found; at most 5.
    async fn suggestions(&self, ctx: &Context<'_>) -> Result<Vec<String>, SharedError> {
        let session = session(ctx)?;
        if self.candidates(session).await?.iter().any(|one| one.rule != SearchRule::Part) {
            return Ok(Vec::new());
        }
        suggestions(session, &self.text).await
    }
}

/// A bearer of a name that agrees with one asked for.
pub(crate) struct Alike {
    pub(crate) id: i64,
    pub(crate) rule: SearchRule,
    /// Its name.
    pub(crate) name: String,
    /// How near that is, from 0 to 1.
    pub(crate) closeness: f64,
}

/// The bearers of names that agree with a name in all its words, nearest first; none for what is no name.
pub(crate) async fn alike(
    session: &Session,
    name: &str,
    kind: SearchKind,
    first: usize,
) -> Result<Vec<Alike>, SharedError> {
    let (Ok(words), Ok(asked)) = (asked_words(name), NameQuery::new(name)) else { return Ok(Vec::new()) };
    let (kinds, modes) = (vec![kind], NameRule::ALL.to_vec());
    let search = Search { text: name.to_owned(), words, name: None, kinds, modes, first, candidates: OnceCell::new() };
    let found = candidate::by_name(&search, &asked, session).await?;
    let whole = found.into_iter().filter(|one| one.rule != SearchRule::Part);
    Ok(whole
        .filter_map(|one| {
            let near = one.name?;
            Some(Alike { id: one.id, rule: one.rule, name: near.text, closeness: near.closeness })
        })
        .collect())
}

/// Search over all nouns.
#[derive(Default)]
pub struct SearchQuery;

/// Search over all nouns.
#[Object]
impl SearchQuery {
    /// What has all the words, or a name that agrees. Words count without case, accents, the Arabic article and variants of
    /// Arabic letters, and are not stemmed. Within a noun's filter `search` finds the same and can be combined.
    ///
    /// Errors: `BAD_INPUT` for a text without a word that must be there, `LIMIT` for more than 32 words or a longer page.
    async fn search(
        &self,
        #[graphql(
            desc = "Words; `\"a phrase\"` for words side by side; `begin*` for a beginning; `-word` or `-\"a phrase\"` for what must not be there."
        )]
        text: String,
        #[graphql(desc = "Only these nouns; all when left out.")] kinds: Option<Vec<SearchKind>>,
        #[graphql(desc = "How many hits, 0 to 500; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "How names are compared; all ways when left out, and `[]` compares no names.")] modes: Option<
            Vec<NameRule>,
        >,
    ) -> Option<Result<Search, SharedError>> {
        let search = || {
            let words = asked_words(&text)?;
            let name = asked_name(&text, &words)?;
            let first = first.unwrap_or(DEFAULT_PAGE);
            if first > LONGEST_PAGE {
                return Err(Error::Limit(format!(
                    "`first: {first}` is more than a page holds: ask for at most {LONGEST_PAGE}"
                ))
                .into());
            }
            let first = usize::try_from(first)
                .map_err(|_| Error::BadInput(format!("`first: {first}` is negative: write 0 to {LONGEST_PAGE}")))?;
            let kinds = kinds.unwrap_or_else(|| SearchKind::ALL.to_vec());
            let modes = modes.unwrap_or_else(|| NameRule::ALL.to_vec());
            Ok(Search { text: text.clone(), words, name, kinds, modes, first, candidates: OnceCell::new() })
        };
        Some(search())
    }
}
