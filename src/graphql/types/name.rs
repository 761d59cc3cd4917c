//! Names of actors and places.

use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    EnumFilter, IdFilter, ListFilter, RecordFilter, StringFilter, filter, from_record, has_child,
};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::node::Node;
use entity::name::NameKind;

node_type! {
    /// A name of an actor or place.
    Name of name as Name, filter NameFilter, order NameOrderField, facet NameFacet {
        /// The name as written; a handle without the leading `@`.
        text: String = column(Text);
        /// Language of the name, a BCP 47 tag.
        language: Option<String> = column(Language);
        /// Script of the name, an ISO 15924 code; computed from the text.
        script: Option<String> = column(Script);
        /// Kind of name.
        kind: NameKind = column(Kind);
        /// The actor or place that has this name.
        bearer: Node = node(TargetId);
        /// Evidence: the spans of article text that support this name.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
    }
}

filter! {
    /// Filter for names as nodes of their own. To find actors and places by a name in any script, use their filter
    /// `name`.
    NameFilter of name {
        /// Global id.
        id: IdFilter = id(Id of Name);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::name::Entity>);
        /// The name as written; exact match, case-sensitive.
        text: StringFilter = column(Text);
        /// Language of the name, a BCP 47 tag; exact match, case-sensitive.
        language: StringFilter = column(Language);
        /// Script of the name, an ISO 15924 code; exact match, case-sensitive.
        script: StringFilter = column(Script);
        /// Kind of name.
        kind: EnumFilter<NameKind> = column(Kind);
        /// The name's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::name::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of names.
    NameFacet of name {
        /// Kind of name.
        Kind = FacetValues::column(Column::Kind),
        /// Language of the name, a BCP 47 tag.
        Language = FacetValues::column(Column::Language),
        /// Script of the name, an ISO 15924 code.
        Script = FacetValues::column(Column::Script),
    }
}

order! {
    /// Sort keys for names.
    NameOrderField {
        /// Import order.
        Recorded = Recorded,
        /// The name as written, compared by code point.
        Text = Text (entity::name::Entity, entity::name::Column::Text),
    }
}
