//! Places and their tree.

use async_graphql::{Context, ID, Object};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, JoinType, Query, UnionType, WithClause};

use crate::error::Result as Answer;
use crate::geo::Point;
use crate::graphql::connection::facets::facet;
use crate::graphql::connection::keyset::order;
use crate::graphql::connection::loader::by;
use crate::graphql::executor::resolve::ResolvedObject;
use crate::graphql::filter::{
    BoundingBoxInput, EnumFilter, FilterContext, FloatFilter, IdFilter, ListFilter, NameMatch, NearInput, PointInput,
    RecordFilter, Selector, SlugFilter, StringFilter, filter, from_record, has_child, in_box, near, searched_or_named,
};
use crate::graphql::has_many;
use crate::graphql::loading::batch::node_type;
use crate::graphql::loading::belongs_to::belongs_to;
use crate::graphql::loading::session::SharedError;
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

/// What only the fields of these names show.
const SPARE: &[Column] =
    &[Column::Slug, Column::Description, Column::Band, Column::X, Column::Y, Column::Z, Column::Country];

belongs_to! {
    place {
        PARENT "parent": Place = parent_id or null;
        CAPITAL_OF "capitalOf": Place = capital_of_id or null;
        ARTICLE "article": Article = article_id or null;
    }
}

node_type!(Place of place, filter PlaceFilter, order PlaceOrderField, facet PlaceFacet, spare SPARE, refers REFERENCES);

/// A place of any size: a country, a city, a hospital's building, a checkpoint.
#[Object]
impl Place {
    /// Its id: opaque, unique over all types, the same as long as the thing exists.
    async fn id(&self) -> ID {
        NodeKind::Place.global(self.0.id.0)
    }
    /// The record that it came with.
    async fn record(&self, ctx: &Context<'_>) -> Result<Record, SharedError> {
        record(&self.0, ctx, |row| row.id.0).await
    }
    /// A readable unique name, where one was given.
    async fn slug(&self) -> Option<&String> {
        self.0.slug.as_ref()
    }
    /// What kind of place it is.
    async fn kind(&self) -> PlaceKind {
        self.0.kind
    }
    /// What to show. It may be a description; what can be matched are the names.
    async fn label(&self) -> &str {
        &self.0.label
    }
    /// What it is, in a few words.
    async fn description(&self) -> Option<&String> {
        self.0.description.as_ref()
    }
    /// The smallest stored place that contains it.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &PARENT).await
    }
    /// Degrees north in WGS 84, from -90 to 90.
    async fn latitude(&self) -> Option<f64> {
        self.0.latitude
    }
    /// Degrees east in WGS 84, from -180 to 180.
    async fn longitude(&self) -> Option<f64> {
        self.0.longitude
    }
    /// How far it is from a point, in kilometres, to the metre, along a great circle of a sphere of 6,371.0088 km radius; null without
    /// coordinates. Error: `BAD_INPUT` for a point that is not on the globe.
    async fn distance_km(&self, #[graphql(desc = "The point.")] from: PointInput) -> Option<Result<f64, SharedError>> {
        let here = Point { latitude: self.0.latitude?, longitude: self.0.longitude? };
        Some(from.point().map(|point| here.distance_km(point)).map_err(SharedError::from))
    }
    /// ISO 3166-1 alpha-2 code.
    async fn country(&self) -> Option<&String> {
        self.0.country.as_ref()
    }
    /// The country or region whose capital it is.
    async fn capital_of(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Place>, SharedError>> {
        self.0.one(ctx, &CAPITAL_OF).await
    }
    /// For a place without a name (a hospital in Baghdad): the article that speaks of it.
    async fn article(&self, ctx: &Context<'_>) -> Option<Result<ResolvedObject<Article>, SharedError>> {
        self.0.one(ctx, &ARTICLE).await
    }
    #[graphql(flatten)]
    async fn lists(&self) -> PlaceLists {
        PlaceLists(self.0.clone())
    }
}

has_many! {
    PlaceLists of Entity, named "Place" {
    /// What it is called.
    names: Name = by(entity::name::Column::TargetId);
    /// The places right below it in the tree.
    children: Place = by(Column::ParentId), usually Text Asc (Entity, Column::LabelKey);
    /// What happened at this very place; for all below it ask `events` with `place: {within: ...}`.
    events: Event = by(entity::event::Column::PlaceId), usually Number Asc (entity::event::Entity, entity::event::Column::Earliest);
    /// The ties of actors to it.
    relations: Relation = by(entity::relation::Column::PlaceId);
    /// Its ids elsewhere.
    external_ids: ExternalId = by(entity::external_id::Column::TargetId);
    /// Where it is written.
    evidence: Evidence = by(entity::evidence::Column::TargetId);
    /// What was written of it and its parts, oldest first; `asOf` of the root fields reads it as it was.
    history: Change = by(entity::change::Column::RecordId);
    }
}

fn named(filter: &NameMatch, context: &mut FilterContext) -> Answer<Expr> {
    filter.test(Expr::col((Entity, Column::Id)), context)
}

/// The place and all below it, walked down along the index on parents.
fn within(selector: &Selector, context: &mut FilterContext) -> Answer<Expr> {
    const BELOW: &str = "below";
    let id = || Expr::col((Entity, Column::Id));
    let from_places = || Query::select().expr(id()).from(Entity).take();
    let root_fields = from_places().and_where(selector.test(NodeKind::Place, id(), context)?).take();
    let next = from_places()
        .join(JoinType::InnerJoin, BELOW, Expr::col((Entity, Column::ParentId)).equals((BELOW, "id")))
        .take();
    let walk = CommonTableExpression::new()
        .table_name(BELOW)
        .column("id")
        .query(root_fields.clone().union(UnionType::Distinct, next).take())
        .to_owned();
    let below = Query::select()
        .column((BELOW, "id"))
        .from(BELOW)
        .with_cte(WithClause::new().recursive(true).cte(walk).to_owned())
        .take();
    Ok(id().in_subquery(below))
}

filter! {
    /// Which places.
    PlaceFilter of place {
        /// The id.
        id: IdFilter = id(Id of Place);
        /// The record that it came with.
        record: RecordFilter = with(from_record::<entity::place::Entity>);
        /// The slug.
        slug: SlugFilter = slug_of(Slug of Place);
        /// What kind of place it is.
        kind: EnumFilter<PlaceKind> = column(Kind);
        /// What it is called.
        name: NameMatch = with(named);
        /// Its name agrees, or the words are written of it: see `Query.search`.
        search: String = with(searched_or_named::<Entity>);
        /// The label, letter for letter; a label may be a description.
        label: StringFilter = column(Label);
        /// The country, an ISO 3166-1 alpha-2 code.
        country: StringFilter = column(Country);
        /// This place or any below it in the tree.
        within: Selector = with(within);
        /// In a circle. What has no coordinates is in none.
        near: NearInput = with(near);
        /// In a box. What has no coordinates is in none.
        bbox: BoundingBoxInput = with(in_box);
        /// The place right above it.
        parent: Box<PlaceFilter> = one(ParentId);
        /// The country or region whose capital it is.
        capital_of: Box<PlaceFilter> = one(CapitalOfId);
        /// The article that speaks of a place without a name.
        article: Box<ArticleFilter> = one(ArticleId);
        /// Degrees north in WGS 84.
        latitude: FloatFilter = column(Latitude);
        /// Degrees east in WGS 84.
        longitude: FloatFilter = column(Longitude);
        /// Its names, as rows of their own.
        names: ListFilter<NameFilter> = many(has_child::<Entity, _>(entity::name::Column::TargetId));
        /// Its ids elsewhere.
        external_ids: ListFilter<ExternalIdFilter> = many(has_child::<Entity, _>(entity::external_id::Column::TargetId));
        /// Where it is written.
        evidence: ListFilter<EvidenceFilter> = many(has_child::<entity::place::Entity, _>(entity::evidence::Column::TargetId));
    }
}

facet! {
    /// By what places can be counted.
    PlaceFacet of place {
        /// What kind of place it is.
        Kind = Values::words(Column::Kind),
        /// The country, an ISO 3166-1 alpha-2 code.
        Country = Values::words(Column::Country),
    }
}

order! {
    /// By what places can be ordered.
    PlaceOrderField {
        /// In the order in which they were recorded.
        Recorded = Recorded,
        /// By label, without regard to case, accents and articles.
        Label = Text (Entity, Column::LabelKey),
    }
}

root_fields! {
    PlaceQuery of Place {
        lists {
            /// Places of any size.
            places;
        }
        named {
            /// A place.
            place Place;
        }
    }
}
