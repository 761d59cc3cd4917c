//! The macro that declares the connections of a node type.

/// Declares the connections of a node type: fields that return the rows that belong to a row, with the arguments `filter`,
/// `orderBy`, `first`, `after`, `last` and `before`.
///
/// Each connection has a name, the type of its rows, and a [`ParentCondition`](super::loader::ParentCondition), mostly made by
/// [`foreign_key`](super::loader::foreign_key) or [`join_table`](super::loader::join_table). Without `orderBy` it is in import
/// order, or in the order that one of these gives:
///
/// - `default_order date (TABLE, COLUMN)`: by a date, the earliest first.
/// - `default_order position (TABLE, COLUMN)`: by the position in an article.
/// - `default_order span (TABLE, START), (TABLE, END)`: by the position in an article, an enclosing span before those in it.
/// - `default_order label (TABLE, COLUMN)`: by label.
macro_rules! has_many {
    ($lists:ident of $entity:ty, named $parent:literal { $($fields:tt)+ }) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [] $($fields)+ }
    };

    // Gives each field the description of its default order and the sort keys, one field at a time. A description must be a
    // literal, so it cannot be chosen within the method.
    (@with_order $lists:ident, $entity:ty, $parent:literal, [$($done:tt)*]
        $(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $parent_condition:expr; $($rest:tt)*) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [$($done)* {
            $(#[doc = $doc])+ $name, $node_type, $parent_condition,
            "Sort order, up to 8 keys; ties are broken by id. Default: import order.",
        }] $($rest)* }
    };
    (@with_order $lists:ident, $entity:ty, $parent:literal, [$($done:tt)*]
        $(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $parent_condition:expr, default_order date $column:expr; $($rest:tt)*) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [$($done)* {
            $(#[doc = $doc])+ $name, $node_type, $parent_condition,
            "Sort order, up to 8 keys; ties are broken by id. Default: earliest date first, rows without a date last.",
            (Number Asc $column)
        }] $($rest)* }
    };
    (@with_order $lists:ident, $entity:ty, $parent:literal, [$($done:tt)*]
        $(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $parent_condition:expr, default_order position $column:expr; $($rest:tt)*) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [$($done)* {
            $(#[doc = $doc])+ $name, $node_type, $parent_condition,
            "Sort order, up to 8 keys; ties are broken by id. Default: position in the article, rows without a position last.",
            (Number Asc $column)
        }] $($rest)* }
    };
    (@with_order $lists:ident, $entity:ty, $parent:literal, [$($done:tt)*]
        $(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $parent_condition:expr, default_order span $start:expr, $end:expr; $($rest:tt)*) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [$($done)* {
            $(#[doc = $doc])+ $name, $node_type, $parent_condition,
            "Sort order, up to 8 keys; ties are broken by id. Default: position in the article, enclosing spans before the spans in them, rows without a position last.",
            (Number Asc $start) (Number Desc $end)
        }] $($rest)* }
    };
    (@with_order $lists:ident, $entity:ty, $parent:literal, [$($done:tt)*]
        $(#[doc = $doc:literal])+ $name:ident: $node_type:ty = $parent_condition:expr, default_order label $column:expr; $($rest:tt)*) => {
        $crate::graphql::connection::has_many::has_many! { @with_order $lists, $entity, $parent, [$($done)* {
            $(#[doc = $doc])+ $name, $node_type, $parent_condition,
            "Sort order, up to 8 keys; ties are broken by id. Default: alphabetical by label.",
            (Text Asc $column)
        }] $($rest)* }
    };

    (@with_order $lists:ident, $entity:ty, $parent:literal, [$({
        $(#[doc = $doc:literal])+ $name:ident, $node_type:ty, $parent_condition:expr, $order_by_desc:literal,
        $(($key:ident $direction:ident $column:expr))*
    })+]) => {
        /// The lists of rows that belong to a row.
        pub struct $lists(pub(crate) $crate::graphql::loading::batch::Row<$entity>);

        impl $lists {
            /// Returns the lists for the compiler of plans.
            pub(crate) fn plan_lists() -> Vec<$crate::graphql::plan::noun::ListField> {
                vec![$($crate::graphql::plan::noun::ListField {
                    name: concat!($parent, ".", stringify!($name)).to_owned(),
                    noun: <$node_type as $crate::graphql::plan::noun::PlannedType>::noun,
                    parent: Some($parent_condition),
                    default_order: vec![$(($crate::graphql::connection::order_by::SortKey::$key(sea_orm::sea_query::Expr::col($column)), $crate::graphql::connection::order_by::Direction::$direction)),*],
                    own_condition: None,
                }),+]
            }
        }

        /// The lists of rows that belong to a row.
        #[async_graphql::Object]
        impl $lists {
            $(
                $(#[doc = $doc])+
                #[allow(clippy::too_many_arguments)]
                async fn $name(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "Returns only rows that match this filter.")] filter: Option<Box<<$node_type as $crate::graphql::loading::node_type::NodeType>::Filter>>,
                    #[graphql(desc = $order_by_desc)] order_by: Option<Vec<<$node_type as $crate::graphql::loading::node_type::NodeType>::Order>>,
                    #[graphql(desc = "Page size, counted from the start of the list: 0 to 500. Default: 20 if neither `first` nor `last` is given.")] first: Option<i32>,
                    #[graphql(desc = "Returns rows after this cursor.")] after: Option<String>,
                    #[graphql(desc = "Page size, counted from the end of the list: 0 to 500. Cannot be combined with `first`.")] last: Option<i32>,
                    #[graphql(desc = "Returns rows before this cursor.")] before: Option<String>,
                ) -> $crate::graphql::executor::object::ResolvedObject<$crate::graphql::connection::Connection<$node_type>> {
                    $crate::graphql::connection::Connection::for_row(&self.0, ctx, |row| row.id.0, || $crate::graphql::connection::loader::ConnectionArgs {
                        name: concat!($parent, ".", stringify!($name)),
                        parent_condition: Some($parent_condition),
                        base_condition: None,
                        filter,
                        order_by,
                        default_order: vec![$(($crate::graphql::connection::order_by::SortKey::$key(sea_orm::sea_query::Expr::col($column)), $crate::graphql::connection::order_by::Direction::$direction)),*],
                        page: $crate::graphql::connection::page_args::PageArgs { first, after, last, before },
                    })
                }
            )+
        }
    };
}
pub(crate) use has_many;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

    /// The macros and `Event.participations` repeat these texts.
    #[test]
    fn arguments_of_all_connections_have_the_same_descriptions() {
        let schema = parse_schema(crate::graphql::sdl()).unwrap();
        let mut texts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for definition in schema.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = definition.node.kind else { continue };
            for field in object.fields {
                if !field.node.ty.node.to_string().trim_end_matches('!').ends_with("Connection") {
                    continue;
                }
                for argument in field.node.arguments {
                    let name = argument.node.name.node.to_string();
                    let text = argument.node.description.map(|text| text.node).unwrap_or_default();
                    let place = format!("{}.{}", definition.node.name.node, field.node.name.node);
                    texts.entry(name).or_default().push((text, place));
                }
            }
        }
        for name in ["filter", "first", "after", "last", "before", "asOf"] {
            let (expected, _) = &texts[name][0];
            for (text, place) in &texts[name] {
                assert_eq!(text, expected, "{place}({name})");
            }
        }
        for (text, place) in &texts["orderBy"] {
            assert!(text.starts_with("Sort order, up to 8 keys; ties are broken by id. Default: "), "{place}: {text}");
        }
    }
}
