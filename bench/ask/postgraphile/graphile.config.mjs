// The setup of PostGraphile's manual, with its plugins for filters through relations and for aggregates.
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

export default {
  // This plugin would omit relations whose index is partial, as ours are.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset, PgAggregatesPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolSize: 16 })],
  grafserv: { port: Number(process.env.PORT), host: "127.0.0.1", watch: false },
  // Filters through lists are off by default.
  schema: { connectionFilterRelations: true },
};
