//! The rule for fields that are selected twice under one response key.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[Rule {
    name: "OverlappingFieldsCanBeMerged",
    valid: &[
        ("different fields", "{ events { nodes { title summary } } }"),
        ("the same field", "{ events { nodes { title title } } }"),
        (
            "the same field with the same arguments",
            "{ events(first: 1) { totalCount } events(first: 1) { totalCount } }",
        ),
        (
            "the same field with the same directives",
            "{ events { nodes { title @include(if: true) title @include(if: true) } } }",
        ),
        (
            "different arguments and aliases",
            "{ a: events(first: 1) { totalCount } b: events(first: 2) { totalCount } }",
        ),
        (
            "different directives and aliases",
            "{ events { nodes { a: title @include(if: true) b: title @include(if: false) } } }",
        ),
        ("different directives", "{ events { nodes { title @include(if: true) title @include(if: false) } } }"),
        (
            "the same alias in types that do not overlap",
            "{ node(id: \"x\") { ... on Person { x: label } ... on Claim { x: text } } }",
        ),
        (
            "the same alias in inline fragments without types within types that do not overlap",
            "{ node(id: \"x\") { ... on Person { ... { x: label } } ... on Claim { ... { x: text } } } }",
        ),
        (
            "the same alias in fragments within types that do not overlap",
            "{ node(id: \"x\") { ... on Person { ...P } ... on Claim { ...C } } } fragment P on Person { x: label } fragment C on Claim { x: text }",
        ),
        (
            "different arguments in types that do not overlap",
            "{ node(id: \"x\") { ... on Person { events(first: 1) { totalCount } } ... on Place { events(first: 2) { totalCount } } } }",
        ),
        (
            "arguments in another order",
            "{ events(first: 1, after: null) { totalCount } events(after: null, first: 1) { totalCount } }",
        ),
        (
            "fields of an input object in another order",
            "{ events(filter: {slug: null, search: null}) { totalCount } events(filter: {search: null, slug: null}) { totalCount } }",
        ),
        (
            "selections of the same shape in different types",
            "{ node(id: \"x\") { ... on Person { events { totalCount } } ... on Place { events { totalCount } } } }",
        ),
        (
            "different subfields of the same shape in types that do not overlap",
            "{ node(id: \"x\") { ... on Person { events { nodes { x: title } } } ... on Place { events { nodes { x: summary } } } } }",
        ),
        (
            "different subfields with other arguments in types that do not overlap",
            "{ node(id: \"x\") { ... on Person { events { nodes { statements(first: 1) { totalCount } } } } ... on Place { events { nodes { statements(first: 2) { totalCount } } } } } }",
        ),
        (
            "fields of an interface and of a type that implements it",
            "{ actors { nodes { label ... on Person { label } ... on Node { id } id } } }",
        ),
        ("inline fragments without a type", "{ events { totalCount ... { totalCount } } }"),
        (
            "different object types under one key in types that do not overlap",
            "{ node(id: \"x\") { ... on Event { x: place { id } } ... on Place { x: article { id } } } }",
        ),
        (
            "the same variable as an argument",
            "query($n: Int) { events(first: $n) { totalCount } events(first: $n) { nodes { id } } }",
        ),
        ("a field named after a fragment", "{ events { nodes { ...title title } } } fragment title on Event { title }"),
        ("the same fragment twice", "{ events { nodes { ...A ...A } } } fragment A on Event { id title }"),
    ],
    invalid: &[
        ("one alias for different fields", "{ events { nodes { x: title x: summary } } }"),
        ("an alias that is the name of another field", "{ events { nodes { title: summary title } } }"),
        ("an argument is added", "{ events { totalCount } events(first: 1) { totalCount } }"),
        ("an argument is missing", "{ events(first: 1) { totalCount } events { totalCount } }"),
        ("different values of an argument", "{ events(first: 1) { totalCount } events(first: 2) { totalCount } }"),
        ("different arguments", "{ events(first: 1) { totalCount } events(last: 1) { totalCount } }"),
        (
            "different variables",
            "query($a: Int, $b: Int) { events(first: $a) { totalCount } events(first: $b) { totalCount } }",
        ),
        ("different values of one type", "{ events(after: \"1\") { totalCount } events(after: \"2\") { totalCount } }"),
        (
            "in fragments",
            "{ events { nodes { ...A ...B } } } fragment A on Event { x: title } fragment B on Event { x: summary }",
        ),
        (
            "several times in fragments",
            "{ a: events { nodes { ...A ...B } } b: events { nodes { ...B ...A } } c: events { nodes { ...A ...B x: slug } } } fragment A on Event { x: title } fragment B on Event { x: summary }",
        ),
        ("in subfields", "{ events { x: totalCount } events { x: suggestions } }"),
        (
            "in several subfields",
            "{ event(slug: \"a\") { x: title y: slug } event(slug: \"a\") { x: summary y: sourceType } }",
        ),
        ("in deep subfields", "{ events { nodes { x: title } } events { nodes { x: summary } } }"),
        (
            "in subfields of one selection",
            "{ events { nodes { x: title } nodes { x: summary } } events { nodes { id } } }",
        ),
        (
            "in subfields of one fragment",
            "{ events { ...F } events { ...F } } fragment F on EventConnection { nodes { place { x: label } place { x: slug } } nodes { place { id } } }",
        ),
        (
            "in nested fragments",
            "{ event(slug: \"a\") { ...F } event(slug: \"a\") { ...I } } fragment F on Event { x: title ...G } fragment G on Event { y: slug } fragment I on Event { y: summary ...J } fragment J on Event { x: sourceType }",
        ),
        (
            "after nested fragments",
            "{ events { nodes { x: title ...F } } } fragment F on Event { ...G } fragment G on Event { ...H } fragment H on Event { x: summary }",
        ),
        (
            "different types where the types may overlap",
            "{ node(id: \"x\") { ... on Person { x: label } ... on Actor { x: slug } } }",
        ),
        (
            "different fields in an interface and a type that implements it",
            "{ actors { nodes { x: country ... on Person { x: occupation } } } }",
        ),
        (
            "different types in types that do not overlap",
            "{ node(id: \"x\") { ... on Place { x: latitude } ... on Event { x: title } } }",
        ),
        (
            "different nullability in types that do not overlap",
            "{ node(id: \"x\") { ... on Person { x: label } ... on Event { x: title } } }",
        ),
        (
            "a list and no list in types that do not overlap",
            "{ changes { ...F } events { nodes { id } } node(id: \"x\") { ... on Event { x: place { id } } ... on Article { x: authors { id } } } } fragment F on ChangeConnection { totalCount }",
        ),
        (
            "no list and a list in types that do not overlap",
            "{ node(id: \"x\") { ... on Article { x: authors { id } } ... on Event { x: place { id } } } }",
        ),
        (
            "a scalar and an object in types that do not overlap",
            "{ node(id: \"x\") { ... on Event { x: place { id } } ... on Place { x: latitude } } }",
        ),
        (
            "different types of __typename and a field in types that do not overlap",
            "{ node(id: \"x\") { ... on Event { x: __typename } ... on Place { x: id } } }",
        ),
        ("__typename and a field", "{ events { nodes { x: __typename x: title } } }"),
        (
            "different enums in types that do not overlap",
            "{ node(id: \"x\") { ... on Event { x: type } ... on Place { x: kind } } }",
        ),
        (
            "in subfields of one type of two that do not overlap",
            "{ node(id: \"x\") { ... on Person { events { nodes { x: title x: summary } } } ... on Place { events { nodes { x: title } } } } }",
        ),
        (
            "different types in subfields of types that do not overlap",
            "{ node(id: \"x\") { ... on Person { x: events { nodes { y: title } } } ... on Place { x: events { nodes { y: type } } } } }",
        ),
        (
            "different types in subfields of different object types that do not overlap",
            "{ node(id: \"x\") { ... on Event { x: place { y: label } } ... on Place { x: article { y: headline } } } }",
        ),
        (
            "a conflict that follows types that do not overlap",
            "{ a: node(id: \"x\") { ... on Person { events { nodes { ...X } } } } a: node(id: \"x\") { ... on Place { events { nodes { ...Y } } } } b: events { nodes { ...X } } b: events { nodes { ...Y } } } fragment X on Event { x: title } fragment Y on Event { x: summary }",
        ),
        (
            "in a list's items",
            "{ events { ...F edges { node { id: title } } } } fragment F on EventConnection { edges { node { id } } }",
        ),
        (
            "a field named after a fragment",
            "{ events { nodes { title ...title } } } fragment title on Event { title: summary }",
        ),
        (
            "in a fragment that spreads itself",
            "{ events { nodes { ...F } } } fragment F on Event { ...F x: title x: summary }",
        ),
        (
            "in a document's other operation",
            "query A { eventTypes { type } } query B { events { x: totalCount x: suggestions } }",
        ),
        ("in fields of introspection", "{ __schema { types { x: name x: description } } }"),
        ("with a directive that leaves one out", "{ events { nodes { x: title @skip(if: true) x: summary } } }"),
    ],
}];
