//! Places and their hierarchy.

use async_graphql::{Context, ID, Object};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, JoinType, Query, UnionType, WithClause};

use crate::error::Result;
use crate::geo::Point;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::loader::foreign_key;
use crate::graphql::connection::order_by::order;
use crate::graphql::executor::object::ResolvedObject;
use crate::graphql::filter::{
    BoundingBoxInput, EnumFilter, FilterContext, FloatFilter, IdFilter, ListFilter, NameMatch, NearInput, PointInput,
    RecordFilter, Selector, SlugFilter, StringFilter, filter, from_record, full_text_or_name_match, has_child, in_box,
    near,
};
use crate::graphql::has_many;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::node_type::node_type;
use crate::graphql::loading::session::SharedError;
use crate::graphql::plan::computed::{Computed, RowCall};
use crate::graphql::plan::noun::planned;
use crate::graphql::root_fields::root_fields;
use crate::graphql::types::article::{Article, ArticleFilter};
use crate::graphql::types::change::Change;
use crate::graphql::types::dataset::{Record, record};
use crate::graphql::types::event::Event;
use crate::graphql::types::evidence::{Evidence, EvidenceFilter};
use crate::graphql::types::external_id::{ExternalId, ExternalIdFilter};
use crate::graphql::types::name::{Name, NameFilter};
use crate::graphql::types::node::NodeKind;
use crate::graphql::types::relation::Relation;
use entity::place::{Column, Entity, PlaceKind};

/// Columns that only the fields of the same names read: they are not loaded unless such a field is selected.
const LAZY_COLUMNS: &[Column] =
    &[Column::Slug, Column::Description, Column::Band, Column::X, Column::Y, Column::Z, Column::Country];

belongs_to! {
    place {
        PARENT "parent": Place = parent_id or null;
        CAPITAL_OF "capitalOf": Place = capital_of_id or null;
        ARTICLE "article": Article = article_id or null;
    }
}

node_type!(Place of place, filter PlaceFilter, order PlaceOrderField, facet PlaceFacet, lazy_columns LAZY_COLUMNS, belongs_to BELONGS_TO);

planned! {
    Place of place as Place, lists [PlaceLists] {
        "slug" Text Slug,
        "kind" Text Kind,
        "label" Text Label,
        "description" Text Description,
        "latitude" Float Latitude,
        "longitude" Float Longitude,
        "country" Text Country,
        computed:
        "distanceKm" ["latitude", "longitude"] distance_km,
    }
}

/// A place of any size: a country, a city, a hospital building, a checkpoint.
#[Object]
impl Place {
    /// Global id (Relay): opaque, unique across all types, stable for the lifetime of the node.
    async fn id(&self) -> ID {
        NodeKind::Place.global(self.0.id.0)
    }
    /// The imported record this node was created from: its dataset and key.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// Human-readable unique name; null unless a record sets one.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// Kind of place.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }
    /// Display label. It may be a description rather than a name; name filters match `names`.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// Short description.
    async fn description(&self) -> Option<&String> {
        self.0.description.as_ref()
    }
    /// The parent in the hierarchy: the smallest stored place that contains this one.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &PARENT).await
    }
    /// Latitude in degrees (WGS 84), from -90 to 90; north is positive.
    async fn latitude(&self) -> Option<f64> {
        self.0.latitude
    }
    /// Longitude in degrees (WGS 84), from -180 to 180; east is positive.
    async fn longitude(&self) -> Option<f64> {
        self.0.longitude
    }
    /// Great-circle distance to a point in kilometers, rounded to the meter; null for a place without coordinates.
    ///
    /// It is computed on a sphere with a radius of 6,371.0088 km. Error: `BAD_INPUT` for coordinates out of range.
    async fn distance_km(
        &self,
        #[graphql(desc = "The point from which the distance is measured.")] from: PointInput,
    ) -> Option<Result<f64, SharedError>> {
        let here = Point { latitude: self.0.latitude?, longitude: self.0.longitude? };
        Some(from.point().map(|point| here.distance_km(point)).map_err(SharedError::from))
    }
    /// Country, an ISO 3166-1 alpha-2 code.
    async fn country(&self) -> Option<&String> {
        self.0.country.as_ref()
    }
    /// The country or region of which this place is the capital.
    async fn capital_of(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.belongs_to(ctx, &CAPITAL_OF).await
    }
    /// The article that mentions this place, if the place has no name, such as a hospital in Baghdad.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.belongs_to(ctx, &ARTICLE).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> PlaceLists {
        PlaceLists(self.0.clone())
    }
}

fn distance_km(call: &RowCall<'_>) -> Computed {
    let (Some(latitude), Some(longitude)) = (call.real(0), call.real(1)) else { return Computed::Null };
    let from = call.arguments.get::<PointInput>("from").and_then(|from| from.point());
    from.map(|from| Point { latitude, longitude }.distance_km(from)).into()
}

has_many! {
    PlaceLists of Entity, named "Place" {
    /// Names of the place.
    names: Name = foreign_key(entity::name::Column::TargetId);
    /// The places directly below this one in the hierarchy.
    children: Place = foreign_key(Column::ParentId), default_order label (Entity, Column::LabelKey);
    /// Events at exactly this place. To include the places below it, filter `events` with `place: {within: ...}`.
    events: Event = foreign_key(entity::event::Column::PlaceId), default_order date (entity::event::Entity, entity::event::Column::Earliest);
    /// Relations of actors to this place.
    relations: Relation = foreign_key(entity::relation::Column::PlaceId);
    /// Identifiers in other systems, such as Wikidata.
    external_ids: ExternalId = foreign_key(entity::external_id::Column::TargetId);
    /// Evidence: the spans of article text that support this place.
    evidence: Evidence = foreign_key(entity::evidence::Column::TargetId);
    /// Audit log of this place and its child records, oldest first. Use `asOf` on root fields for point-in-time reads.
    history: Change = foreign_key(entity::change::Column::RecordId);
    }
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
    PlaceQuery of Place {
        lists {
            /// Paginated list of places of any size.
            places;
        }
        named {
            /// Looks up one place.
            place Place;
        }
    }
}
