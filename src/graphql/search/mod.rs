//! Search over all node types: by name in any script, and by full text.

mod candidate;
mod highlight;
mod suggest;

use std::sync::Arc;

use async_graphql::Enum;
use entity::name_key::NameRule;
use entity::record;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use tokio::sync::OnceCell;

pub(crate) use crate::graphql::search::suggest::suggestions;

use crate::error::Error;
use crate::graphql::connection::page_args::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use crate::graphql::filter::{NameQuery, full_text_or_name_ids, name_in_search, parse_search};
use crate::graphql::plan::computed::{Call, Computed, FunctionFuture, NodeRef, count, enum_name};
use crate::graphql::schema::object::object;
use crate::graphql::schema::root::root_fields;
use crate::graphql::search::candidate::{Candidate, Names};
pub(crate) use crate::graphql::search::highlight::MAX_HIGHLIGHTS;
use crate::graphql::search::highlight::Texts;
pub use crate::graphql::search::highlight::{Highlight, HighlightRange};
use crate::graphql::session::{Session, SharedError};
use crate::graphql::types::name::Name;
use crate::graphql::types::node::{Node, NodeKind};
use crate::text::search::Query as Words;

/// Declares the node types that can be searched.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident,)+) => {
        /// A node type that can be searched. Matches in its heading rank above matches in its other texts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum SearchKind { $($(#[doc = $doc])+ $kind,)+ }

        impl SearchKind {
            const ALL: &'static [Self] = &[$(Self::$kind),+];

            fn stored(self) -> record::RecordKind {
                match self { $(Self::$kind => record::RecordKind::$kind,)+ }
            }
        }

        fn node_kind(kind: record::RecordKind) -> Option<NodeKind> {
            match kind {
                $(record::RecordKind::$kind => Some(NodeKind::$kind),)+
                _ => None,
            }
        }
    };
}

kinds! {
    /// Persons, organizations, groups and anonymous sources. Heading: names, label. Other texts: description,
    /// occupation, descriptor.
    Actor,
    /// Places. Heading: names, label. Other texts: description.
    Place,
    /// Events. Heading: title. Other texts: summary, place note.
    Event,
    /// Accounts of events. Heading: label. Other texts: place note.
    Account,
    /// Statements. Heading: summary. Other texts: text, speaker as printed.
    Statement,
    /// Claims. Heading: text.
    Claim,
    /// Relations. Heading: title. Other texts: note.
    Relation,
    /// Figures. Heading: description of what is counted.
    Figure,
    /// Articles. Heading: headline. Other texts: the first 12,000 words of the article.
    Article,
}

/// The rule by which a hit was found, strictest first. Hits by name are ordered by closeness before the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
pub enum SearchRule {
    /// A name equals the search text exactly.
    Exact,
    /// A name has all the words, ignoring case, accents, articles, punctuation and how words are joined or split.
    Folded,
    /// A name has all the words after transliteration to Latin letters.
    Transliterated,
    /// A name has all the words by their sound.
    Phonetic,
    /// The node's texts have all the words.
    Text,
    /// A name has all the words but one by their sound. Such hits come last, if there are fewer others than `first`, and are not
    /// counted in `totalCount`.
    Part,
}

object! {
    /// A hit of a search.
    SearchHit {
        /// The node that was found.
        node: Node = own;
        /// The rule by which it was found.
        rule: SearchRule = own;
        /// The matching name; null for the rule TEXT.
        name: Option<Name> = own;
        /// Similarity of the name from 0 to 1 (same letters), rounded to thousandths; null for the rule TEXT.
        closeness: Option<f64> = own;
        /// Positions of the search words in the node's texts: one highlight per text, at most 10. Empty when a name matches
        /// by its sound as a whole, but none of its words does.
        highlights: Vec<Highlight> = own;
    }
}

object! {
    /// The result of a search.
    Search {
        /// The best hits: those by name, then those by text (TEXT), then those by all words of a name but one (PART).
        ///
        /// Hits by name are ordered by closeness, with a bonus for bearers that often participate in events, speak, or are
        /// the place of events; equally close ones by rule, as listed in `SearchRule`. At most 2,000 names are considered per rule. Hits by text come in this order: adjacent
        /// words in the heading, words in any order in the heading, adjacent words anywhere, words in any order anywhere.
        /// Ties are ordered by import, latest first.
        hits: Vec<SearchHit> = own;
        /// Number of nodes found, without hits by the rule PART. Counted only when selected.
        total_count: i32 = own;
        /// Spelling suggestions ("did you mean"): at most 5 similar names of the graph. Empty unless nothing is found, or
        /// only hits by the rule PART.
        suggestions: Vec<String> = own;
    }
}

root_fields! {
    root_fields {
        /// Searches all node types by full text and by name: finds nodes whose texts have all the words, and nodes with a
        /// matching name.
        ///
        /// Words match regardless of case, accents, the Arabic article and variants of Arabic letters; they are not
        /// stemmed. The filter field `search` of a node type finds the same nodes and can be combined with other filter
        /// fields. Errors: `BAD_INPUT` for a text without a required word; `LIMIT` for more than 32 words or `first` above
        /// 500.
        search(
            text: String, "Words to search for. `\"a phrase\"` matches adjacent words, `begin*` matches a prefix, and `-word` or `-\"a phrase\"` excludes.";
            kinds: Option<Vec<SearchKind>>, "Node types to search (default: all).";
            first: Option<i32>, "Maximum number of hits, 0 to 500 (default 20).";
            modes: Option<Vec<NameRule>>, "Rules by which names are compared (default: all); `[]` compares no names.";
        ): Option<Search> = function(search);
    }
}

/// A search and what it found.
struct TextSearch {
    text: String,
    words: Words,
    name: Option<NameQuery>,
    kinds: Vec<SearchKind>,
    modes: Vec<NameRule>,
    first: usize,
    candidates: OnceCell<Result<Arc<Vec<Candidate>>, SharedError>>,
}

impl TextSearch {
    async fn candidates(&self, session: &Session) -> Result<Arc<Vec<Candidate>>, SharedError> {
        self.candidates.get_or_init(async || Ok(Arc::new(candidate::rank(self, session).await?))).await.clone()
    }

    fn new(
        text: String,
        kinds: Option<Vec<SearchKind>>,
        first: Option<i32>,
        modes: Option<Vec<NameRule>>,
    ) -> Result<Self, SharedError> {
        let words = parse_search(&text)?;
        let name = name_in_search(&text, &words)?;
        let first = first.unwrap_or(DEFAULT_PAGE_SIZE);
        if first > MAX_PAGE_SIZE {
            return Err(Error::Limit(format!("`first: {first}` is too large: use at most {MAX_PAGE_SIZE}")).into());
        }
        let first = usize::try_from(first)
            .map_err(|_| Error::BadInput(format!("`first: {first}` is negative: use 0 to {MAX_PAGE_SIZE}")))?;
        let kinds = kinds.unwrap_or_else(|| SearchKind::ALL.to_vec());
        let modes = modes.unwrap_or_else(|| NameRule::ALL.to_vec());
        Ok(Self { text, words, name, kinds, modes, first, candidates: OnceCell::new() })
    }

    /// Counts the nodes that are found, without hits by the rule PART.
    async fn count(&self, session: &Session) -> Result<i64, SharedError> {
        let found = full_text_or_name_ids(&self.text, &self.modes, session.dialect())?;
        let select = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .from("record")
            .and_where(Expr::col(("record", "id")).in_subquery(found))
            .and_where(Expr::col(("record", "kind")).is_in(self.kind_words()))
            .take();
        let rows = session.all(&select).await?;
        Ok(rows.first().map(|row| row.get::<i64>("count")).transpose()?.unwrap_or(0))
    }

    /// Returns spelling suggestions; none unless nothing is found, or only hits by the rule PART.
    async fn suggestions(&self, session: &Session) -> Result<Vec<String>, SharedError> {
        if self.candidates(session).await?.iter().any(|one| one.rule != SearchRule::Part) {
            return Ok(Vec::new());
        }
        suggestions(session, &self.text).await
    }

    fn kind_words(&self) -> Vec<String> {
        self.kinds.iter().map(|kind| kind.stored().to_value()).collect()
    }
}

/// Maximum number of names in a filter for which spelling suggestions are looked up.
const MAX_SUGGESTED_NAMES: usize = 4;

/// Returns existing names that are similar to the names in the filter of lists, for those whose page is empty.
pub(crate) fn list_suggestions<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let mut all = Vec::new();
        for name in call.list()?.names().iter().take(MAX_SUGGESTED_NAMES) {
            all.extend(suggestions(call.session, name).await?);
        }
        Ok(call.at_root(all.into()))
    })
}

/// Searches by text and name.
fn search<'a>(call: &'a Call<'a>) -> FunctionFuture<'a> {
    Box::pin(async move {
        let session = call.session;
        let modes = call.argument("modes")?;
        let search = TextSearch::new(call.argument("text")?, call.argument("kinds")?, call.argument("first")?, modes)?;
        let mut fields = vec![];
        if call.selects(&["hits"]) {
            let candidates = search.candidates(session).await?;
            let texts = match call.selects(&["hits", "highlights"]) {
                true => Texts::read(session, &candidates).await?,
                false => Texts::default(),
            };
            let hit = |one: &Candidate| {
                let highlights = texts.highlights(one, &search.words, search.name.as_ref());
                let node = node_kind(one.kind).map(|kind| NodeRef { kind, id: one.id, type_name: None });
                Computed::object(
                    "SearchHit",
                    [
                        ("node", node.map_or(Computed::Null, Computed::Node)),
                        ("rule", enum_name(&one.rule)),
                        ("name", one.name.as_ref().map(|name| Computed::node(NodeKind::Name, name.id)).into()),
                        ("closeness", one.name.as_ref().map(|name| name.closeness).into()),
                        ("highlights", highlights.into()),
                    ],
                )
            };
            fields.push(("hits", Computed::List(candidates.iter().map(hit).collect())));
        }
        if call.selects(&["totalCount"]) {
            fields.push(("totalCount", count(search.count(session).await?)));
        }
        if call.selects(&["suggestions"]) {
            fields.push(("suggestions", search.suggestions(session).await?.into()));
        }
        Ok(call.at_root(Computed::object("Search", fields)))
    })
}

/// An actor or place with a name that is similar to a given one.
pub(crate) struct SimilarBearer {
    pub(crate) id: i64,
    pub(crate) rule: SearchRule,
    /// The similar name.
    pub(crate) name: String,
    /// Similarity of the name, from 0 to 1.
    pub(crate) closeness: f64,
}

/// Returns the bearers of names that match a name in all its words, closest first. Returns none for a text that cannot
/// be a name.
pub(crate) async fn similar_bearers(
    session: &Session,
    name: &str,
    kind: SearchKind,
    first: usize,
) -> Result<Vec<SimilarBearer>, SharedError> {
    let (Ok(words), Ok(query)) = (parse_search(name), NameQuery::new(name)) else { return Ok(Vec::new()) };
    let (kinds, modes) = (vec![kind], NameRule::ALL.to_vec());
    let search =
        TextSearch { text: name.to_owned(), words, name: None, kinds, modes, first, candidates: OnceCell::new() };
    let found = candidate::by_name(&search, &query, Names::Whole, session).await?;
    Ok(found
        .into_iter()
        .filter_map(|one| {
            let near = one.name?;
            Some(SimilarBearer { id: one.id, rule: one.rule, name: near.text, closeness: near.closeness })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use entity::record::RecordKind;

    use crate::db::full_text::INDEXED;
    use crate::graphql::search::SearchKind;

    #[test]
    fn indexed_types_can_be_searched() {
        let searched: Vec<RecordKind> = SearchKind::ALL.iter().map(|kind| kind.stored()).collect();
        let indexed: Vec<RecordKind> = INDEXED.iter().map(|one| one.kind).collect();
        assert_eq!(searched, indexed);
    }
}
