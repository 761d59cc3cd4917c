//! Places and their hierarchy.

use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, JoinType, Query, UnionType, WithClause};

use crate::error::Result;
use crate::geo::Point;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::order_by::order;
use crate::graphql::connection::parents::foreign_key;
use crate::graphql::filter::{
    BoundingBoxInput, EnumFilter, FilterContext, FloatFilter, IdFilter, ListFilter, NameMatch, NearInput, PointInput,
    RecordFilter, Selector, SlugFilter, StringFilter, filter, from_record, full_text_or_name_match, has_child, in_box,
    near,
};
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::schema::connection::List;
use crate::graphql::schema::node_type::node_type;
use crate::graphql::schema::root::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::event::Event;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::name::{Name, NameFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::relation::Relation;
use entity::place::{Column, Entity, PlaceKind};

node_type! {
    /// A place of any size: a country, a city, a hospital building, a checkpoint.
    Place of place as Place, filter PlaceFilter, order PlaceOrderField, facet PlaceFacet {
        /// Human-readable unique name; null unless a record sets one.
        slug: Option<String> = column(Slug);
        /// Kind of place.
        kind: PlaceKind = column(Kind);
        /// Display label. It may be a description rather than a name; name filters match `names`.
        label: String = column(Label);
        /// Short description.
        description: Option<String> = column(Description);
        /// The parent in the hierarchy: the smallest stored place that contains this one.
        parent: Option<Place> = one(ParentId);
        /// Latitude in degrees (WGS 84), from -90 to 90; north is positive.
        latitude: Option<f64> = column(Latitude);
        /// Longitude in degrees (WGS 84), from -180 to 180; east is positive.
        longitude: Option<f64> = column(Longitude);
        /// Great-circle distance to a point in kilometers, rounded to the meter; null for a place without coordinates.
        ///
        /// It is computed on a sphere with a radius of 6,371.0088 km. Error: `BAD_INPUT` for coordinates out of range.
        distance_km(
            from: PointInput, "The point from which the distance is measured.";
        ): Option<f64> = computed([latitude, longitude], distance_km);
        /// Country, an ISO 3166-1 alpha-2 code.
        country: Option<String> = column(Country);
        /// The country or region of which this place is the capital.
        capital_of: Option<Place> = one(CapitalOfId);
        /// The article that mentions this place, if the place has no name, such as a hospital in Baghdad.
        article: Option<Article> = one(ArticleId);
        /// Names of the place.
        names: List<Name> = many(foreign_key(entity::name::Column::TargetId));
        /// The places directly below this one in the hierarchy.
        children: List<Place> = many(foreign_key(Column::ParentId), DefaultOrder::label(Entity, Column::LabelKey));
        /// Events at exactly this place. To include the places below it, filter `events` with `place: {within: ...}`.
        events: List<Event> = many(foreign_key(entity::event::Column::PlaceId), DefaultOrder::date(entity::event::Entity, entity::event::Column::Earliest));
        /// Relations of actors to this place.
        relations: List<Relation> = many(foreign_key(entity::relation::Column::PlaceId));
        /// Identifiers in other systems, such as Wikidata.
        external_ids: List<ExternalId> = many(foreign_key(entity::external_id::Column::TargetId));
        /// Evidence: the spans of article text that support this place.
        evidence: List<Evidence> = many(foreign_key(entity::evidence::Column::TargetId));
        /// Audit log of this place and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
        history: List<Change> = many(foreign_key(entity::change::Column::RecordId));
    }
}

fn distance_km(call: &RowCall<'_>) -> Computed {
    let (Some(latitude), Some(longitude)) = (call.real(0), call.real(1)) else { return Computed::Null };
    let from = call.arguments.get::<PointInput>("from").and_then(|from| from.point());
    from.map(|from| Point { latitude, longitude }.distance_km(from)).into()
}

fn named(filter: &NameMatch, context: &mut FilterContext) -> Result<Expr> {
    filter.test(Expr::col((Entity, Column::Id)), context)
}

/// Builds the condition that a row is the selected place or below it, by a recursive query that uses the index on
/// parents.
fn within(selector: &Selector, context: &mut FilterContext) -> Result<Expr> {
    const BELOW: &str = "below";
    let id = || Expr::col((Entity, Column::Id));
    let from_places = || Query::select().expr(id()).from(Entity).take();
    let selected = from_places().and_where(selector.test(NodeKind::Place, id(), context)?).take();
    let next = from_places()
        .join(JoinType::InnerJoin, BELOW, Expr::col((Entity, Column::ParentId)).equals((BELOW, "id")))
        .take();
    let hierarchy = CommonTableExpression::new()
        .table_name(BELOW)
        .column("id")
        .query(selected.clone().union(UnionType::Distinct, next).take())
        .to_owned();
    let below = Query::select()
        .column((BELOW, "id"))
        .from(BELOW)
        .with_cte(WithClause::new().recursive(true).cte(hierarchy).to_owned())
        .take();
    Ok(id().in_subquery(below))
}

filter! {
    /// Filter for places.
    PlaceFilter of place {
        /// Global id.
        id: IdFilter = id(Id of Place);
        /// The imported record this node was created from: its dataset and key.
        record: RecordFilter = with(from_record::<entity::place::Entity>);
        /// Human-readable unique name.
        slug: SlugFilter = slug_of(Slug of Place);
        /// Kind of place.
        kind: EnumFilter<PlaceKind> = column(Kind);
        /// Names of the place, matched in any script.
        name: NameMatch = with(named);
        /// Full-text search in names, label and description; syntax as in `Query.search`. Names also match in other
        /// scripts.
        search: String = with(full_text_or_name_match::<Entity>);
        /// The display label, which may be a description; exact match, case-sensitive.
        label: StringFilter = column(Label);
        /// Country, an ISO 3166-1 alpha-2 code; exact match, case-sensitive.
        country: StringFilter = column(Country);
        /// The selected place or any place below it in the hierarchy.
        within: Selector = with(within);
        /// Within a distance of a point. Places without coordinates never match.
        near: NearInput = with(near);
        /// Inside a bounding box. Places without coordinates never match.
        bbox: BoundingBoxInput = with(in_box);
        /// The place's parent in the hierarchy.
        parent: Box<PlaceFilter> = one(ParentId);
        /// The country or region of which the place is the capital.
        capital_of: Box<PlaceFilter> = one(CapitalOfId);
        /// The article that mentions a place without a name.
        article: Box<ArticleFilter> = one(ArticleId);
        /// Latitude in degrees (WGS 84); north is positive.
        latitude: FloatFilter = column(Latitude);
        /// Longitude in degrees (WGS 84); east is positive.
        longitude: FloatFilter = column(Longitude);
        /// The place's names. To match a name in any script, use `name`.
        names: ListFilter<NameFilter> = many(has_child::<Entity, _>(entity::name::Column::TargetId));
        /// The place's external ids.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// The place's evidence.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::place::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// Facets of places.
    PlaceFacet of place {
        /// Kind of place.
        Kind = FacetValues::column(Column::Kind),
        /// Country, an ISO 3166-1 alpha-2 code.
        Country = FacetValues::column(Column::Country),
    }
}

order! {
    /// Sort keys for places.
    PlaceOrderField {
        /// Import order.
        Recorded = Recorded,
        /// The label, ignoring case, accents and articles.
        Label = Text (Entity, Column::LabelKey),
    }
}

root_fields! {
    root_fields {
        /// Looks up one place.
        place: Option<Place> = named;
        /// Paginated list of places of any size.
        places: Option<List<Place>> = list;
    }
}
