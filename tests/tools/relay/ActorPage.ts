import { graphql } from 'react-relay';

// A page of one actor, found by its global id, that loads more of the actor's statements.
graphql`
  query ActorPageQuery($id: ID!) {
    node(id: $id) {
      ...ActorPage_actor @alias(as: "actor")
    }
  }
`;

graphql`
  fragment ActorPage_actor on Actor
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "ActorPageMoreQuery") {
    __typename
    label
    ... on Person {
      born {
        edtf
      }
    }
    ... on AnonymousSource {
      label
      closeTo {
        label
      }
    }
    statements(first: $count, after: $cursor, orderBy: [{ field: SAID_AT, direction: DESC }])
      @connection(key: "ActorPage_statements") {
      totalCount
      edges {
        node {
          ...StatementList_statement
        }
      }
    }
  }
`;
