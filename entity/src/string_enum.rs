//! Closed word lists: one Rust enum is the stored text, the GraphQL enum and the word in a record.

/// Declares a closed word list.
///
/// Every variant is written in SCREAMING_SNAKE_CASE wherever it leaves the program: in the database,
/// in GraphQL and in records. The doc comment of a variant is its description in the API.
macro_rules! string_enum {
    ($(#[doc = $doc:literal])+ $name:ident $(as $shown:literal)? { $($(#[doc = $line:literal])+ $word:ident,)+ }) => {
        $(#[doc = $doc])+
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum, async_graphql::Enum,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        $(#[graphql(name = $shown)])?
        pub enum $name { $($(#[doc = $line])+ $word,)+ }

        impl $name {
            /// Every word of the list, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];
        }
    };
}

pub(crate) use string_enum;
