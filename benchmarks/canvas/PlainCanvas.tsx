import "@xyflow/react/dist/style.css";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  useEdgesState,
  useNodesState,
} from "@xyflow/react";
import { memo } from "react";
import type { Analysis } from "@/api/types";
import type { network } from "./network";

type CardData = { title: string; name: string; summary: string; params: number; ports: number };

/** A layer card with the same parts as ours, as one writes it from the documentation of React Flow. */
const PlainCard = memo(function PlainCard({ data }: NodeProps<Node<CardData>>) {
  return (
    <div
      style={{
        display: "flex",
        alignItems: "center",
        gap: 10,
        width: 220,
        height: 58,
        boxSizing: "border-box",
        padding: "0 10px 0 13px",
        border: "1px solid #d5dae4",
        borderLeft: "5px solid #1d5fd1",
        borderRadius: 10,
        background: "#fff",
        boxShadow: "0 1px 2px rgb(26 32 48 / 7%)",
        fontFamily: "system-ui",
      }}
    >
      {Array.from({ length: data.ports }, (_, index) => (
        <Handle
          key={`inputs.${index}`}
          id={`inputs.${index}`}
          type="target"
          position={Position.Top}
          style={{ left: (220 * (index + 1)) / (data.ports + 1), width: 12, height: 12 }}
        />
      ))}
      <svg width="30" height="30" viewBox="0 0 24 24" fill="none" stroke="#1d5fd1" strokeWidth="1.8">
        <title>{data.title}</title>
        <path d="M4 4h16v16H4zM4 9h16M9 4v16" />
      </svg>
      <div style={{ flex: 1, minWidth: 0 }}>
        <div style={{ fontSize: 13, fontWeight: 620 }}>
          {data.title} <small style={{ color: "#59627a" }}>{data.name}</small>
        </div>
        <div style={{ fontSize: 11.5, color: "#59627a" }}>{data.summary}</div>
      </div>
      {data.params > 0 && (
        <span style={{ fontSize: 10.5, background: "#e6e9ee", borderRadius: 20, padding: "1px 6px" }}>
          {data.params}
        </span>
      )}
      <Handle id="output" type="source" position={Position.Bottom} style={{ width: 12, height: 12 }} />
    </div>
  );
});

const nodeTypes = { card: PlainCard };

interface Props {
  content: ReturnType<typeof network>["content"];
  analysis: Analysis;
}

/** React Flow with memoised custom nodes and labelled edges, and nothing else done for speed. */
export function PlainCanvas({ content, analysis }: Props) {
  const [nodes, , onNodesChange] = useNodesState<Node<CardData>>(plainNodes(content, analysis));
  const [edges, , onEdgesChange] = useEdgesState<Edge>(plainEdges(content));
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      onNodesChange={onNodesChange}
      onEdgesChange={onEdgesChange}
      nodeTypes={nodeTypes}
      minZoom={0.04}
      fitView
    >
      <Background />
      <Controls />
      <MiniMap />
    </ReactFlow>
  );
}

function plainNodes(content: Props["content"], analysis: Analysis): Node<CardData>[] {
  const params = new Map(analysis.nodes.map((node) => [node.id, node.params]));
  return Object.entries(content.nodes).map(([id, { layer, x, y }]) => {
    const { class_name, name, params: set } = content.layers[layer] as {
      class_name: string;
      name: string;
      params: object;
    };
    const data = {
      title: class_name,
      name,
      summary: Object.values(set).join(" · "),
      params: params.get(id) ?? 0,
      ports: class_name === "Add" ? 3 : 1,
    };
    return { id, type: "card", position: { x, y }, data };
  });
}

function plainEdges(content: Props["content"]): Edge[] {
  return Object.keys(content.edges).map((key) => {
    const [, source = "", target = "", port = ""] = /^(\w+):output->(\w+):(.+)$/.exec(key) ?? [];
    const targetHandle = port === "input" ? "inputs.0" : port;
    return { id: key, source, target, sourceHandle: "output", targetHandle, label: "56×56×64" };
  });
}
