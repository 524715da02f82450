import { act, cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { DesignDocument, DesignProvider, useLayerOfNode, useNode, useNodeIds } from ".";

afterEach(cleanup);

function fixture(count: number) {
  const design = DesignDocument.local();
  const nodes = Array.from({ length: count }, (_, index) =>
    design.commands.addLayer({ class_name: "Dense", x: index, y: 0 }),
  ) as string[];
  return { design, nodes };
}

describe("the snapshot", () => {
  it("keeps every part that an edit did not touch", () => {
    const { design, nodes } = fixture(3);
    const before = design.snapshot.content;
    const ids = design.snapshot.nodeIds;
    const [first, second] = nodes.map((id) => before.nodes[id]?.layer as string);
    design.commands.setParam(first as string, ["units"], 5);
    const after = design.snapshot.content;
    expect(after.layers[first as string]?.params).toEqual({ units: 5 });
    expect(after.layers[second as string]).toBe(before.layers[second as string]);
    expect([after.nodes, after.edges, after.training, after.meta]).toEqual([
      before.nodes,
      before.edges,
      before.training,
      before.meta,
    ]);
    expect(after.nodes).toBe(before.nodes);
    expect(after.training).toBe(before.training);
    expect(design.snapshot.nodeIds).toBe(ids);
  });

  it("tells its listeners once for one gesture", () => {
    const { design, nodes } = fixture(3);
    let calls = 0;
    design.snapshot.subscribe(() => {
      calls += 1;
    });
    design.commands.deleteNodes(nodes);
    expect(calls).toBe(1);
  });

  it("renders only the node whose parameter changed, of 500", () => {
    const { design, nodes } = fixture(500);
    const renders = new Map<string, number>();
    function Card({ id }: { id: string }) {
      const layer = useLayerOfNode(id);
      const node = useNode(id);
      renders.set(id, (renders.get(id) ?? 0) + 1);
      return <p>{`${layer?.name} ${JSON.stringify(layer?.params)} ${node?.x}`}</p>;
    }
    function All() {
      return useNodeIds().map((id) => <Card key={id} id={id} />);
    }
    render(
      <DesignProvider designId="local" canEdit document={design}>
        <All />
      </DesignProvider>,
    );
    renders.clear();
    const [touched, moved] = nodes as [string, string];
    act(() =>
      design.commands.setParam(design.snapshot.content.nodes[touched]?.layer as string, ["units"], 64),
    );
    expect([...renders]).toEqual([[touched, 1]]);
    renders.clear();
    act(() => design.commands.moveNodes({ [moved]: { x: 900, y: 1 } }));
    expect([...renders]).toEqual([[moved, 1]]);
  });
});
