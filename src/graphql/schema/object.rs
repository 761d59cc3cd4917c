//! GraphQL types that are declared as data: objects, interfaces and unions.
//!
//! The library keeps them as the schema that clients introspect. It never resolves them: plans do.

use std::borrow::Cow;

use async_graphql::indexmap::IndexSet;
use async_graphql::parser::types::Field as DocumentField;
use async_graphql::registry::{MetaType, MetaTypeId, Registry};
use async_graphql::{OutputType, Positioned, ServerError};

use crate::graphql::schema::field::Field;

/// A type that is declared as data.
pub trait Declared {
    /// Returns the name of the type.
    fn name() -> Cow<'static, str>;
    /// Registers the type, and returns its name.
    fn register(registry: &mut Registry) -> String;
}

/// The error of resolving a field that plans resolve.
pub(crate) fn not_resolved(field: &Positioned<DocumentField>) -> ServerError {
    ServerError::new("fields are resolved by plans", Some(field.pos))
}

/// Implements the library's trait of types for a declared type.
macro_rules! output_type {
    ($type:ty $(, for $parameter:ident: $bound:path)?) => {
        impl$(<$parameter: $bound>)? async_graphql::OutputType for $type {
            fn type_name() -> std::borrow::Cow<'static, str> {
                <Self as $crate::graphql::schema::object::Declared>::name()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                <Self as $crate::graphql::schema::object::Declared>::register(registry)
            }

            async fn resolve(
                &self,
                _: &async_graphql::ContextSelectionSet<'_>,
                field: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> async_graphql::ServerResult<async_graphql::Value> {
                Err($crate::graphql::schema::object::not_resolved(field))
            }
        }
    };
}
pub(crate) use output_type;

/// Declares a type by the function that registers it.
macro_rules! declared {
    ($(#[doc = $doc:literal])+ $name:ident, registered by $register:expr) => {
        $crate::graphql::schema::object::declared! { $(#[doc = $doc])+ $name, named stringify!($name), registered by $register }
    };
    ($(#[doc = $doc:literal])+ $name:ident, named $type_name:expr, registered by $register:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        #[allow(unreachable_pub, reason = "some modules are private")]
        pub struct $name;

        impl $crate::graphql::schema::object::Declared for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $type_name.into()
            }

            fn register(registry: &mut async_graphql::registry::Registry) -> String {
                ($register)(registry)
            }
        }

        $crate::graphql::schema::object::output_type!($name);
    };
}
pub(crate) use declared;

/// Declares an object that is no row. Its fields are declared as in [`fields`](crate::graphql::schema::field::fields).
macro_rules! object {
    ($(#[doc = $doc:literal])+ $name:ident { $($fields:tt)+ }) => {
        $crate::graphql::schema::object::object! { @named $(#[doc = $doc])+ $name, (stringify!($name)), $($fields)+ }
    };
    ($(#[doc = $doc:literal])+ $name:ident, named $type_name:literal { $($fields:tt)+ }) => {
        $crate::graphql::schema::object::object! { @named $(#[doc = $doc])+ $name, ($type_name), $($fields)+ }
    };
    (@named $(#[doc = $doc:literal])+ $name:ident, ($type_name:expr), $($fields:tt)+) => {
        $crate::graphql::schema::object::declared! {
            $(#[doc = $doc])+
            $name, named $type_name, registered by |registry: &mut async_graphql::registry::Registry| {
                let fields: Vec<$crate::graphql::schema::field::Field> =
                    $crate::graphql::schema::field::fields!((""), none { $($fields)+ });
                let description = $crate::graphql::schema::field::joined(&[$($doc),+]);
                $crate::graphql::schema::object::register_object::<$name>(registry, &description, &fields)
            }
        }
    };
}
pub(crate) use object;

/// Declares a union.
macro_rules! union {
    ($(#[doc = $doc:literal])+ $name:ident is $($type:ident)|+) => {
        $crate::graphql::schema::object::declared! {
            $(#[doc = $doc])+
            $name, registered by |registry: &mut async_graphql::registry::Registry| {
                let description = $crate::graphql::schema::field::joined(&[$($doc),+]);
                $crate::graphql::schema::object::register_union::<$name>(registry, &description, |registry| {
                    vec![$(<$type as async_graphql::OutputType>::create_type_info(registry)),+]
                })
            }
        }
    };
}
pub(crate) use union;

/// Registers an object type.
pub(crate) fn register_object<'f, T: OutputType>(
    registry: &mut Registry,
    description: &str,
    fields: impl IntoIterator<Item = &'f Field> + Clone,
) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Object, |registry| {
        let mut described = object_type(registry, T::type_name(), description, fields.clone());
        if let MetaType::Object { rust_typename, .. } = &mut described {
            *rust_typename = Some(std::any::type_name::<T>());
        }
        described
    })
}

/// Describes an object type to the library.
pub(crate) fn object_type<'f>(
    registry: &mut Registry,
    name: Cow<'static, str>,
    description: &str,
    fields: impl IntoIterator<Item = &'f Field>,
) -> MetaType {
    MetaType::Object {
        name: name.into_owned(),
        description: Some(description.to_owned()),
        fields: fields.into_iter().map(|field| field.register(registry)).collect(),
        cache_control: Default::default(),
        extends: false,
        shareable: false,
        resolvable: true,
        keys: None,
        visible: None,
        inaccessible: false,
        interface_object: false,
        tags: Vec::new(),
        is_subscription: false,
        rust_typename: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// Registers a union of types.
pub(crate) fn register_union<T: OutputType>(
    registry: &mut Registry,
    description: &str,
    types: impl Fn(&mut Registry) -> Vec<String>,
) -> String {
    registry.create_output_type::<T, _>(MetaTypeId::Union, |registry| {
        let types = types(registry);
        union_type::<T>(description, types.iter().map(|name| name.trim_end_matches('!').to_owned()).collect())
    })
}

/// Describes a union to the library.
pub(crate) fn union_type<T: OutputType>(description: &str, possible_types: IndexSet<String>) -> MetaType {
    MetaType::Union {
        name: T::type_name().into_owned(),
        description: Some(description.to_owned()),
        possible_types,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(std::any::type_name::<T>()),
        directive_invocations: Vec::new(),
    }
}

/// Registers an interface and the types that implement it. `above` are the interfaces that it implements itself.
pub(crate) fn register_interface<T: OutputType>(
    registry: &mut Registry,
    description: &str,
    fields: &[Field],
    types: impl Fn(&mut Registry) -> Vec<String>,
    above: &[&str],
) -> String {
    let name = T::type_name();
    registry.create_output_type::<T, _>(MetaTypeId::Interface, |registry| {
        let possible: Vec<String> = types(registry).iter().map(|name| name.trim_end_matches('!').to_owned()).collect();
        for one in &possible {
            registry.add_implements(one, &name);
        }
        for above in above {
            registry.add_implements(&name, above);
        }
        MetaType::Interface {
            name: name.clone().into_owned(),
            description: Some(description.to_owned()),
            fields: fields.iter().map(|field| field.register(registry)).collect(),
            possible_types: possible.into_iter().collect(),
            extends: false,
            keys: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<T>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    })
}
