//! String enums: one Rust enum defines the stored text, the GraphQL enum and the word in a record.

use schemars::Schema;
use schemars::json_schema;

/// Declares a string enum.
///
/// Every variant is written in SCREAMING_SNAKE_CASE outside of the program: in the database, in GraphQL and in records. The doc
/// comment of a variant is its description in the API. `Variant alias "OLD_WORD"` also accepts an old word in records; it is
/// never stored or returned.
macro_rules! string_enum {
    ($(#[doc = $doc:literal])+ $name:ident $(as $shown:literal)? {
        $($(#[doc = $line:literal])+ $word:ident $(alias $alias:literal)?,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum, async_graphql::Enum,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[schemars(transform = $crate::string_enum::add_aliases::<$name>(&[$($(($alias, $name::$word),)?)+]))]
        $(#[graphql(name = $shown)])?
        pub enum $name { $($(#[doc = $line])+ $(#[serde(alias = $alias)])? $word,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];
        }

        impl $crate::row::FromCell for $name {
            fn from_cell(value: $crate::row::CellValue<'_>) -> Option<Self> {
                let $crate::row::CellValue::Text(text) = value else { return None };
                // The names in the API are the stored words.
                let items = <Self as async_graphql::resolver_utils::EnumType>::items();
                items.iter().find(|item| item.name == text).map(|item| item.value)
            }
        }
    };
}

pub(crate) use string_enum;

/// Returns a transformation that adds old words to the JSON Schema of an enum: `schemars` ignores the aliases of `serde`.
pub(crate) fn add_aliases<E>(aliases: &[(&'static str, E)]) -> impl FnMut(&mut Schema)
where
    E: sea_orm::ActiveEnum<Value = String>,
{
    let words: Vec<Schema> = aliases
        .iter()
        .map(|(old, value)| {
            let description = format!("Old spelling of {}.", value.to_value());
            json_schema!({ "description": description, "type": "string", "const": old, "deprecated": true })
        })
        .collect();
    move |schema| {
        if let Some(values) = schema.get_mut("oneOf").and_then(|values| values.as_array_mut()) {
            values.extend(words.iter().cloned().map(Into::into));
        }
    }
}
