// Grafana's own types, as they are for JSON: there an enum's members are their plain values, and what a panel's
// options leave out is filled in when the dashboard is loaded.
import type { Dashboard } from "@grafana/schema";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig,
  Options as TimeSeries,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Plain<T> = T extends string
  ? (string extends T ? string : `${T}`)
  : T extends number
    ? (number extends T ? number : `${T}` extends `${infer N extends number}` ? N : never)
    : T extends Array<infer Item>
      ? Array<Plain<Item>>
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

export type PlainDashboard = Plain<Dashboard>;
export type Options = { stat: Plain<Partial<Stat>>; timeseries: Plain<Partial<TimeSeries>> };
export type Custom = { stat: Record<string, never>; timeseries: Plain<FieldConfig> };
