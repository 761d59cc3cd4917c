//! Rules for directives.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[
    Rule {
        name: "KnownDirectives",
        valid: &[
            ("no directives", "{ events { ...F } } fragment F on EventConnection { totalCount }"),
            (
                "directives of the specification",
                "{ events @skip(if: false) { nodes { title ... on Event @include(if: true) { id } } } }",
            ),
            (
                "directives where they may be used",
                "query($v: Boolean = true) { events @include(if: $v) { ...F @skip(if: $v) ... @include(if: $v) { nodes { id @skip(if: $v) } } } } fragment F on EventConnection { totalCount @include(if: $v) }",
            ),
            ("a directive of __typename", "{ __typename @include(if: true) }"),
        ],
        invalid: &[
            ("an unknown directive", "{ events @unknown(directive: \"value\") { totalCount } }"),
            ("many unknown directives", "{ __typename @unknown events @unknown { nodes { id @unknown } } }"),
            ("an unknown directive of __typename", "{ events { __typename @unknown totalCount } }"),
            ("a directive that other servers have", "{ events { nodes { titel @ifdef } } }"),
            ("a directive of a query", "query @include(if: true) { eventTypes { type } }"),
            ("a directive of a mutation", "mutation @skip(if: true) { unmerge(id: \"x\") { id } }"),
            ("a directive of a subscription", "subscription @skip(if: true) { changes { cursor } }"),
            ("a directive of a variable", "query($n: Int @skip(if: true)) { events(first: $n) { totalCount } }"),
            ("an unknown directive of a variable", "query($n: Int @unknown) { events(first: $n) { totalCount } }"),
            (
                "a directive of a fragment definition",
                "{ events { ...F } } fragment F on EventConnection @include(if: true) { totalCount }",
            ),
            (
                "a directive of a fragment spread",
                "{ events { ...F @deprecated } } fragment F on EventConnection { totalCount }",
            ),
            ("a directive of an inline fragment", "{ events { ... @deprecated { totalCount } } }"),
            ("a directive of a type system on a field", "{ events @deprecated { totalCount } }"),
            ("an unknown directive of an operation", "query Q @unknown { eventTypes { type } }"),
        ],
    },
    Rule {
        name: "UniqueDirectivesPerLocation",
        valid: &[
            ("no directives", "{ events { totalCount } }"),
            (
                "different directives in different places",
                "{ events @skip(if: false) { totalCount @include(if: true) } }",
            ),
            ("different directives in one place", "{ events @skip(if: false) @include(if: true) { totalCount } }"),
            ("the same directive in different places", "{ events @skip(if: false) { totalCount @skip(if: false) } }"),
            (
                "the same directive in similar places",
                "{ events { totalCount @skip(if: false) totalCount @skip(if: false) } }",
            ),
        ],
        invalid: &[
            ("a directive twice in one place", "{ events @skip(if: false) @skip(if: false) { totalCount } }"),
            (
                "a directive three times in one place",
                "{ events @skip(if: false) @skip(if: false) @skip(if: true) { totalCount } }",
            ),
            (
                "two directives twice in one place",
                "{ events @skip(if: false) @include(if: true) @skip(if: false) @include(if: true) { totalCount } }",
            ),
            (
                "a directive twice in many places",
                "{ events @skip(if: false) @skip(if: false) { totalCount @skip(if: false) @skip(if: false) } }",
            ),
            (
                "a directive twice on a fragment spread",
                "{ ...F @skip(if: false) @skip(if: false) } fragment F on Query { eventTypes { type } }",
            ),
            (
                "a directive twice on an inline fragment",
                "{ ... @include(if: true) @include(if: true) { eventTypes { type } } }",
            ),
            ("a directive twice on __typename", "{ __typename @skip(if: false) @skip(if: false) }"),
        ],
    },
];
