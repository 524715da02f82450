"""The editor as a person meets it: drag from the palette, pull wires, press buttons."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect


@dataclass
class Editor:
    """The editor page of one design."""

    page: Page

    @classmethod
    def new(cls, page: Page) -> "Editor":
        """Make a blank design from the list of designs."""
        page.get_by_test_id("new-design").click()
        page.get_by_test_id("template-blank").click()
        page.wait_for_url(re.compile(r"/designs/[\w-]{22}"))
        editor = cls(page)
        editor.saved()
        return editor

    @property
    def design_id(self) -> str:
        found = re.search(r"/designs/([\w-]{22})", self.page.url)
        assert found is not None, self.page.url
        return found[1]

    @property
    def nodes(self) -> Locator:
        return self.page.get_by_test_id("canvas").locator("[data-testid^='node-']")

    def node(self, name: str) -> Locator:
        """Return the card of the layer called `name`."""
        return self.page.get_by_test_id("canvas").locator(f"[data-name='{name}']").first

    def node_id(self, name: str) -> str:
        value = self.node(name).get_attribute("data-testid")
        assert value is not None
        return value.removeprefix("node-")

    def drag(self, class_name: str, x: int, y: int) -> None:
        """Drag a layer from the palette to a place on the canvas, in pixels from its top left corner."""
        before = self.nodes.count()
        self.page.get_by_test_id("palette-search").fill(class_name)
        canvas = self.page.get_by_test_id("canvas")
        self.page.get_by_test_id(f"palette-item-{class_name}").first.drag_to(canvas, target_position={"x": x, "y": y})
        expect(self.nodes).to_have_count(before + 1)
        self.page.get_by_test_id("palette-search").fill("")

    def connect(self, source: str, target: str, source_port: str = "output", target_port: str = "input") -> None:
        """Pull a wire from a port of one card to a port of another."""
        start = self.page.get_by_test_id(f"port-{self.node_id(source)}-{source_port}")
        end = self.page.get_by_test_id(f"port-{self.node_id(target)}-{target_port}")
        self.drag_mouse(start, end)

    def drag_mouse(self, start: Locator, end: Locator) -> None:
        first, last = start.bounding_box(), end.bounding_box()
        assert first is not None
        assert last is not None
        self.page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(last["x"] + 20, last["y"] - 20, steps=6)
        self.page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=4)
        self.page.mouse.up()

    def select(self, name: str) -> None:
        self.node(name).click()
        expect(self.page.get_by_test_id("layer-name")).to_have_value(name)

    def field(self, param: str) -> Locator:
        """Return the input of a parameter of the selected layer."""
        return self.page.get_by_test_id(f"param-{param}").locator("input").first

    def set_param(self, name: str, param: str, value: str) -> None:
        """Type a parameter of the layer called `name`."""
        self.select(name)
        self.field(param).fill(value)
        self.field(param).press("Enter")

    def choose_param(self, name: str, param: str, option: str) -> None:
        """Pick a parameter's value from its list."""
        self.select(name)
        self.field(param).click()
        choice = self.page.get_by_role("option").filter(has=self.page.get_by_text(option, exact=True))
        choice.first.click()

    def select_several(self, *names: str) -> None:
        """Select these layers together."""
        for index, name in enumerate(names):
            self.node(name).click(modifiers=["Control"] if index else [])

    def group(self, *names: str) -> None:
        """Put these layers into a nested model, which is selected then."""
        self.select_several(*names)
        self.page.keyboard.press("Control+g")
        expect(self.page.get_by_test_id("open-model")).to_be_visible()

    def unpack(self, name: str) -> None:
        """Put what is inside the nested model called `name` in its place."""
        self.select(name)
        self.page.get_by_test_id("unpack-model").click()
        expect(self.node(name)).to_have_count(0)

    def open_model(self, name: str) -> None:
        """Show what is inside the nested model called `name`."""
        self.node(name).dblclick()
        expect(self.page.get_by_test_id("breadcrumbs").locator("[aria-current]")).to_have_text(name)

    def mark(self, name: str) -> Locator:
        """Return the mark on a card that says how its layer starts: with kept values, or afresh."""
        return self.page.get_by_test_id(f"weights-{self.node_id(name)}")

    def insert_trained(self, design_id: str, run: int, *, frozen: bool) -> None:
        """Add what a run of another design trained as one layer."""
        self.page.get_by_test_id("canvas").focus()
        self.page.keyboard.press("Control+k")
        self.page.get_by_role("dialog").get_by_role("textbox").fill("saved design")
        self.page.get_by_role("button", name="Add a saved design as a layer").click()
        if frozen:
            self.page.get_by_test_id("design-picker-frozen").press("Space")
            expect(self.page.get_by_test_id("design-picker-frozen")).to_be_checked()
        self.page.get_by_test_id(f"pick-trained-{design_id}").click()
        self.page.get_by_test_id(f"pick-run-{run}").click()
        expect(self.page.get_by_test_id("open-model")).to_be_visible(timeout=60_000)
        expect(self.page.get_by_test_id("design-picker-search")).to_be_hidden()

    def leave_to(self, depth: int) -> None:
        """Go back along the breadcrumbs: 0 is the design itself."""
        self.page.get_by_test_id(f"crumb-{depth}").click()
        if depth == 0:
            expect(self.page.get_by_test_id("breadcrumbs")).to_have_count(0)

    def find(self, query: str, count: int) -> None:
        """Search the whole design, and wait until `count` layers are found."""
        self.page.get_by_test_id("canvas").focus()
        self.page.keyboard.press("Control+f")
        self.page.get_by_test_id("find-query").fill(query)
        expect(self.page.get_by_test_id("find-count")).to_have_attribute("data-found", str(count))

    def show_panel(self, title: str) -> None:
        """Open the side panel called `title`: Layer or Train."""
        self.page.get_by_test_id("side-panels").get_by_text(title, exact=True).click()

    def saved(self) -> None:
        """Wait until the server has stored everything."""
        expect(self.page.get_by_test_id("saved-chip")).to_have_attribute("data-state", "saved")

    def fix_everything(self, most: int = 8) -> list[str]:
        """Press the buttons of the problems one after another until none is left; return their codes."""
        pressed = []
        for _ in range(most):
            button = self.page.locator("[data-testid^='problem-fix-']").first
            try:
                button.wait_for(state="visible", timeout=4_000 if pressed else 20_000)
            except Exception:
                return pressed
            pressed.append((button.get_attribute("data-testid") or "").removeprefix("problem-fix-"))
            handle = button.element_handle()
            button.click()
            self.page.wait_for_function("element => !element.isConnected", arg=handle)
        return pressed

    def open_code(self, tab: str = "Design") -> None:
        """Open the code beside the canvas at the tab called `tab`: Design or Your code."""
        if not self.page.get_by_test_id("code-panel").is_visible():
            self.page.get_by_test_id("code-toggle").click()
        self.page.get_by_test_id("code-tabs").get_by_text(tab).click()

    @property
    def code(self) -> Locator:
        """The design as Python, as the code panel shows it."""
        return self.page.get_by_test_id("design-code").locator(".cm-content")

    def edit_code(self, line: str, old: str, new: str) -> None:
        """Replace the word `old` by `new` in the first shown line of code that holds `line`."""
        shown = self.code.locator(".cm-line").filter(has_text=line).first
        shown.get_by_text(old, exact=True).first.dblclick()
        self.page.keyboard.type(new)

    def apply_code(self) -> None:
        """Apply the edited code once the server has read it, and wait until the canvas has it."""
        expect(self.page.get_by_test_id("code-state")).to_have_attribute("data-state", "changes")
        self.page.get_by_test_id("code-apply").click()
        expect(self.page.get_by_test_id("code-apply")).to_have_count(0)
        self.saved()

    def create_own_code(self, template: str) -> str:
        """Begin a piece of own code with a template (layer, cell, loss...); return the name of what it defines."""
        self.open_code("Your code")
        new = self.page.get_by_test_id("own-code-new")
        if new.is_visible():
            new.click()
        self.page.get_by_test_id(f"own-code-template-{template}").click()
        expect(self.page.get_by_test_id("own-code-state")).to_have_attribute("data-state", "fine")
        self.saved()
        return self.page.get_by_test_id("own-code-name").input_value()

    def check_own_code(self) -> None:
        """Run the open piece in the sandbox and wait for its shapes."""
        self.page.get_by_test_id("own-code-check").click()
        expect(self.page.get_by_test_id("own-code-outcome").locator("code").first).to_be_visible(timeout=120_000)

    def export(self, choice: str) -> Locator:
        """Have a format written and compared; return the table of what was compared."""
        self.page.get_by_test_id("export-open").click()
        self.page.get_by_test_id(f"export-{choice}").click()
        self.page.get_by_test_id("export-start").click()
        proof = self.page.get_by_test_id("export-proof")
        expect(proof).to_be_visible(timeout=180_000)
        return proof

    @classmethod
    def import_file(cls, page: Page, path: str | Path) -> "Editor":
        """Import a file from the list of designs, wait for its report, and open the design that it made."""
        page.get_by_test_id("new-design").click()
        with page.expect_file_chooser() as chooser:
            page.get_by_test_id("import-file").click()
        chooser.value.set_files(path)
        page.get_by_test_id("import-open").click(timeout=60_000)
        page.wait_for_url(re.compile(r"/designs/[\w-]{22}"))
        editor = cls(page)
        editor.saved()
        return editor

    def open_import_report(self) -> Locator:
        """Open what the import of this design said."""
        self.page.get_by_test_id("import-report-open").click()
        report = self.page.get_by_test_id("import-report")
        expect(report).to_be_visible()
        return report
