//! Rules for fields and their arguments.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[
    Rule {
        name: "FieldsOnCorrectType",
        valid: &[
            ("a field of an object type", "{ events { nodes { __typename title } } }"),
            ("an aliased field", "{ events { nodes { kind: __typename name: title } } }"),
            ("a field of an interface", "{ actors { nodes { __typename label } } }"),
            ("an aliased field of an interface", "{ actors { nodes { name: label } } }"),
            ("an alias that is the name of another field", "{ events { nodes { slug: title } } }"),
            (
                "a field of a type in an inline fragment",
                "{ actors { nodes { ... on Person { occupation } ... { label } } } }",
            ),
            (
                "__typename of a union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { __typename } } } }",
            ),
            (
                "fields of introspection",
                "{ __typename __schema { types { name } } __type(name: \"Event\") { name kind } }",
            ),
        ],
        invalid: &[
            ("a field that does not exist", "{ events { nodes { titel } } }"),
            ("in a type that is known again", "{ actors { nodes { unknown { ... on Person { unknown } } } } }"),
            ("a field of another type in a fragment", "{ events { nodes { ...F } } } fragment F on Event { label }"),
            ("an unknown field with an unknown selection", "{ events { nodes { unknown { deeper } } } }"),
            ("a field below a known one", "{ events { nodes { place { title } } } }"),
            ("a field of another type in an inline fragment", "{ actors { nodes { ... on Group { occupation } } } }"),
            ("an aliased field that does not exist", "{ events { nodes { name: titel } } }"),
            ("an alias that is the name of a field", "{ events { nodes { title: titel } } }"),
            ("a field that no type of an interface has", "{ actors { nodes { title } } }"),
            ("a field that some types of an interface have", "{ actors { nodes { occupation } } }"),
            ("a field of a union", "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { unknown } } } }"),
            (
                "a field that all types of a union have",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { id } } } }",
            ),
            ("a field of an unknown name with two underscores", "{ events { nodes { __title } } }"),
            ("__schema below the root", "{ events { nodes { __schema { types { name } } } } }"),
            ("an unknown field of an introspection type", "{ __schema { types { title } } }"),
            ("an unknown field in a document's other operation", "query A { eventTypes { type } } query B { unknown }"),
            ("an unknown field with a directive", "{ events { nodes { title titel @include(if: false) } } }"),
        ],
    },
    Rule {
        name: "ScalarLeafs",
        valid: &[
            ("a scalar", "{ events { nodes { title } } }"),
            ("a scalar with arguments", "{ places { nodes { distanceKm(from: {latitude: 1, longitude: 2}) } } }"),
            ("a list of scalars", "{ events { suggestions } }"),
        ],
        invalid: &[
            ("an object without a selection", "{ events }"),
            ("an object of a list without a selection", "{ events { nodes } }"),
            ("an interface without a selection", "{ node(id: \"x\") }"),
            ("a union without a selection", "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via } } }"),
            ("a selection of a boolean", "{ claims { nodes { implied { since } } } }"),
            ("a selection of an enum", "{ events { nodes { type { name } } } }"),
            (
                "a selection of a scalar with arguments",
                "{ places { nodes { distanceKm(from: {latitude: 1, longitude: 2}) { unit } } } }",
            ),
            ("a selection of a scalar with a directive", "{ events { nodes { title @include(if: true) { text } } } }"),
            (
                "a selection of a scalar with arguments and a directive",
                "{ places { nodes { distanceKm(from: {latitude: 1, longitude: 2}) @include(if: true) { unit } } } }",
            ),
            ("a selection of a list of scalars", "{ events { suggestions { text } } }"),
            ("a selection of a custom scalar", "{ changes { nodes { at { year } } } }"),
            ("a selection of __typename", "{ events { __typename { name } } }"),
            ("an introspection type without a selection", "{ __schema }"),
        ],
    },
    Rule {
        name: "KnownArgumentNames",
        valid: &[
            ("one argument", "{ events(first: 1) { totalCount } }"),
            ("several arguments", "{ events(first: 1, filter: {}) { totalCount } }"),
            ("several arguments in reverse order", "{ events(filter: {}, first: 1) { totalCount } }"),
            ("no arguments where they are optional", "{ events { totalCount } }"),
            (
                "arguments of deeper fields",
                "{ actors { nodes { names(first: 1) { totalCount } ... on Person { events(first: 1) { totalCount } } } } }",
            ),
            ("an argument of a directive", "{ events @skip(if: true) { totalCount } }"),
            ("arguments of introspection", "{ __type(name: \"Event\") { fields(includeDeprecated: true) { name } } }"),
        ],
        invalid: &[
            ("an unknown argument of a directive", "{ events @skip(unless: true) { totalCount } }"),
            ("a misspelled argument of a directive", "{ events @skip(iff: true) { totalCount } }"),
            (
                "an unknown argument of a directive beside a known one",
                "{ events @skip(if: true, unless: false) { totalCount } }",
            ),
            ("an unknown argument", "{ events(unknown: true) { totalCount } }"),
            ("a misspelled argument", "{ events(First: 1) { totalCount } }"),
            ("unknown arguments among known ones", "{ events(who: 1, first: 1, unknown: 2) { totalCount } }"),
            (
                "unknown arguments of deeper fields",
                "{ actors { nodes { names(unknown: 1) { totalCount } ... on Person { events(unknown: 1) { totalCount } } } } }",
            ),
            ("an argument of a field without any", "{ events { nodes { title(length: 10) } } }"),
            ("an argument of __typename", "{ events { __typename(upper: true) } }"),
            ("an unknown argument of introspection", "{ __type(name: \"Event\", of: 1) { name } }"),
        ],
    },
    Rule {
        name: "UniqueArgumentNames",
        valid: &[
            ("no arguments", "{ events { totalCount } }"),
            ("one argument", "{ events(first: 1) { totalCount } }"),
            (
                "the same argument of two fields",
                "{ a: events(first: 1) { totalCount } b: events(first: 1) { totalCount } }",
            ),
            ("the same argument of two directives", "{ events @skip(if: false) @include(if: true) { totalCount } }"),
            ("several arguments", "{ events(first: 1, after: null, filter: {}) { totalCount } }"),
        ],
        invalid: &[
            ("an argument given twice", "{ events(first: 1, first: 1) { totalCount } }"),
            ("an argument given three times", "{ events(first: 1, first: 1, first: 2) { totalCount } }"),
            ("an argument of a directive given twice", "{ events @skip(if: false, if: false) { totalCount } }"),
            (
                "an argument of a directive given three times",
                "{ events @skip(if: false, if: false, if: true) { totalCount } }",
            ),
            ("a required argument given twice", "{ node(id: \"a\", id: \"b\") { id } }"),
        ],
    },
    Rule {
        name: "ProvidedRequiredArguments",
        valid: &[
            ("an optional argument", "{ events(first: 1) { totalCount } }"),
            ("no optional argument", "{ events { totalCount } }"),
            ("no argument that is not null but has a default", "{ actors { nodes { neighbors { __typename } } } }"),
            ("all required arguments", "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { length } }"),
            ("all required arguments in reverse order", "{ path(to: {slug: \"b\"}, from: {slug: \"a\"}) { length } }"),
            (
                "required and optional arguments",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}, maxHops: 2, via: [EVENT]) { length } }",
            ),
            ("arguments of directives", "{ events @include(if: true) { totalCount nodes @skip(if: false) { id } } }"),
            ("a variable as a required argument", "query($i: ID! = \"x\") { node(id: $i) { id } }"),
        ],
        invalid: &[
            ("one argument is missing", "{ path(from: {slug: \"a\"}) { length } }"),
            ("all arguments are missing", "{ path { length } }"),
            ("one argument is wrong and one is missing", "{ path(from: \"a\") { length } }"),
            ("the only argument is missing", "{ node { id } }"),
            ("arguments of directives are missing", "{ events @include { totalCount nodes @skip { id } } }"),
            ("an argument of introspection is missing", "{ __type { name } }"),
            (
                "an argument is missing in a fragment",
                "{ ...F } fragment F on Query { places { nodes { distanceKm } } }",
            ),
        ],
    },
];
