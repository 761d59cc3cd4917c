//! Rules for operations: what a document may contain, names of operations, and subscriptions.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[
    Rule {
        name: "ExecutableDefinitions",
        valid: &[
            ("with only an operation", "query Q { eventTypes { type } }"),
            ("with an operation and a fragment", "query Q { events { nodes { ...F } } } fragment F on Event { title }"),
        ],
        invalid: &[
            ("with a type definition", "query Q { eventTypes { type } } type Cow { name: String }"),
            ("with a type extension", "query Q { eventTypes { type } } extend type Event { color: String }"),
            ("with a schema definition", "schema { query: Query } type Query { test: String }"),
            ("with a directive definition", "{ eventTypes { type } } directive @d on FIELD"),
        ],
    },
    Rule {
        name: "LoneAnonymousOperation",
        valid: &[
            ("one anonymous operation", "{ eventTypes { type } }"),
            ("several named operations", "query A { eventTypes { type } } query B { eventTypes { type } }"),
            ("an anonymous operation with a fragment", "{ ...F } fragment F on Query { eventTypes { type } }"),
        ],
        invalid: &[
            ("several anonymous operations", "{ eventTypes { type } } { events { totalCount } }"),
            ("an anonymous operation with a named query", "{ eventTypes { type } } query B { events { totalCount } }"),
            ("an anonymous operation after a named query", "query B { events { totalCount } } { eventTypes { type } }"),
            (
                "an anonymous operation with a mutation",
                "{ eventTypes { type } } mutation M { unmerge(id: \"x\") { id } }",
            ),
            (
                "an anonymous operation with a subscription",
                "{ eventTypes { type } } subscription S { changes { cursor } }",
            ),
        ],
    },
    Rule {
        name: "UniqueOperationNames",
        valid: &[
            ("one named operation", "query A { eventTypes { type } }"),
            ("several operations", "query A { eventTypes { type } } query B { events { totalCount } }"),
            (
                "operations of different types",
                "query A { eventTypes { type } } mutation B { unmerge(id: \"x\") { id } } subscription C { changes { cursor } }",
            ),
            (
                "a fragment and an operation of the same name",
                "query A { ...A } fragment A on Query { eventTypes { type } }",
            ),
        ],
        invalid: &[
            ("two queries of the same name", "query A { eventTypes { type } } query A { events { totalCount } }"),
            (
                "a query and a mutation of the same name",
                "query A { eventTypes { type } } mutation A { unmerge(id: \"x\") { id } }",
            ),
            (
                "a query and a subscription of the same name",
                "query A { eventTypes { type } } subscription A { changes { cursor } }",
            ),
        ],
    },
    Rule {
        name: "SingleFieldSubscriptions",
        valid: &[
            ("one root field", "subscription S { changes { cursor } }"),
            (
                "one root field in a fragment",
                "subscription S { ...F } fragment F on Subscription { changes { cursor node { id } } }",
            ),
            (
                "the same root field in a fragment and outside",
                "subscription S { changes { cursor } ...F } fragment F on Subscription { changes { node { id } } }",
            ),
            ("__typename below the root field", "subscription S { changes { __typename cursor } }"),
        ],
        invalid: &[
            ("two root fields", "subscription S { changes { cursor } more: changes { cursor } }"),
            ("a root field and introspection", "subscription S { changes { cursor } __typename }"),
            (
                "a root field and aliased introspection in a fragment",
                "subscription S { changes { cursor } ...F } fragment F on Subscription { kind: __typename }",
            ),
            ("many root fields", "subscription S { changes { cursor } b: changes { cursor } c: changes { cursor } }"),
            (
                "many root fields in fragments",
                "subscription S { changes { cursor } ... { b: changes { cursor } } ...F } fragment F on Subscription { c: changes { cursor } ...G } fragment G on Subscription { d: changes { cursor } }",
            ),
            ("a fragment that spreads itself", "subscription S { ...F } fragment F on Subscription { ...F }"),
            (
                "many root fields in fragments of an anonymous subscription",
                "subscription { changes { cursor } ... { b: changes { cursor } ...F } ...F } fragment F on Subscription { ... { ... { c: changes { cursor } } } ...Unknown }",
            ),
            (
                "two root fields of an anonymous subscription",
                "subscription { changes { cursor } b: changes { cursor } }",
            ),
            ("only introspection", "subscription S { __typename }"),
            ("only introspection in an anonymous subscription", "subscription { __typename }"),
            ("introspection of the schema", "subscription S { __schema { queryType { name } } }"),
            ("a root field with @skip", "subscription S($s: Boolean!) { changes @skip(if: $s) { cursor } }"),
            (
                "a root field in an inline fragment with @include",
                "subscription S { ... @include(if: true) { changes { cursor } } }",
            ),
            (
                "a second subscription in the document with two root fields",
                "query A { eventTypes { type } } subscription S { changes { cursor } b: changes { cursor } }",
            ),
        ],
    },
];
