"""The editor as a person meets it: drag from the palette, pull wires, press buttons."""

import re
from dataclasses import dataclass

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
