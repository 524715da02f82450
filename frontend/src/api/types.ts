/** The words of the HTTP API and its sockets: names for what `generated/api.ts` was made from the server's OpenAPI. */

import type { components } from "@/generated/api";

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * An answer as the server sends it: every field is there, also those with a default, which OpenAPI calls optional;
 * what OpenAPI cannot name is any JSON.
 */
export type Full<T> = unknown extends T ? JsonValue : T extends object ? { [K in keyof T]-?: Full<T[K]> } : T;

type Schemas = components["schemas"];
type Answer<Name extends keyof Schemas> = Full<Schemas[Name]>;

export type Person = Answer<"Person">;
export type Member = Answer<"Member">;
export type Role = Member["role"];
export type Session = Answer<"SessionView">;

export interface ErrorBody {
  code: string;
  message: string;
  expected: string;
  received: string;
  hint: string;
  problems?: Problem[];
}

export type ThumbnailData = Answer<"Thumbnail">;
export type DesignSummary = Answer<"DesignSummary">;
export type DesignDetail = Answer<"DesignDetail">;
export type Version = Answer<"VersionView">;
export type LayerReport = Answer<"LayerReport">;
export type DesignSource = Answer<"CodeView">;
export type AppliedCode = Answer<"AppliedCode">;
export type Code = Answer<"Code">;
export type CodePiece = Answer<"CodePiece">;
export type WeightsFile = Answer<"WeightsFileView">;
export type LayerStart = Answer<"LayerStart">;
export type ImportedDesign = Answer<"Imported">;
export type Template = Answer<"TemplateView">;
export type GraphDocument = Answer<"GraphDocument">;
export type Training = Answer<"Training">;
export type FitOptions = Answer<"FitOptions">;
export type Configured = Answer<"Configured">;

export type Problem = Answer<"Problem">;
export type Fix = Answer<"Fix">;
export type Edit = Fix["edits"][number];

export type Shape = (number | null)[];

export type NodeAnalysis = Answer<"NodeAnalysis">;
export type Analysis = Answer<"Analysis">;
export type Diagnostics = Answer<"Diagnostics">;

export type Shares = Answer<"Shares">;
export type ShareLink = Answer<"ShareLinkView">;

export type DatasetSummary = Answer<"DatasetSummary">;
export type DatasetDescription = Answer<"DatasetDescription">;
export type ColumnSpec = Answer<"ColumnSpec">;
export type FeatureSpec = Answer<"FeatureSpec">;
export type TargetSpec = Answer<"TargetSpec">;
export type CsvOptions = Answer<"CsvOptions">;
export type UploadedTable = Answer<"UploadedTable">;

export type RunState = Schemas["RunState"];
export type RunSummary = Answer<"RunSummary">;
export type LatestRun = Answer<"LatestRun">;
export type RunDetail = Answer<"RunDetail">;
/** Logged numbers by metric; what JSON cannot say as a number comes as a word. */
export type Logs = NonNullable<RunSummary["logs"]>;
export type Preflight = Answer<"Preflight">;
export type Artifact = Answer<"ArtifactView">;
export type SeriesData = Answer<"SeriesView">;
export type SeriesAnswer = Answer<"SeriesAnswer">;
export type EventPage = Answer<"EventPage">;
export type RunEvent = EventPage["events"][number];
export type LogEvent = Answer<"LogEvent">;
export type ProgressEvent = Answer<"ProgressEvent">;
export type ReportEvent = Answer<"ReportEvent">;
export type Command = Answer<"NumberedCommand">["command"];

export type RunSocketMessage =
  | { type: "events"; events: RunEvent[]; last_seq: number }
  | { type: "run"; run: RunDetail };
