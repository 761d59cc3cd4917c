-- one
SELECT graphql.resolve($1, $2::text::jsonb)::json AS answer
