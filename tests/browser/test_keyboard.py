"""The editor without a mouse: add layers, draw a wire, undo, redo, and type without deleting anything."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.editor import Editor
from tests.server import Server


def test_a_network_is_drawn_by_keyboard_alone(person: Callable[..., Page], server: Server) -> None:
    page = person(server.link)
    editor = Editor.new(page)
    keyboard = page.keyboard
    expect(page.get_by_test_id("palette-item-Dense").first).to_be_visible()

    def add(name: str) -> None:
        keyboard.press("a")
        expect(page.get_by_test_id("quick-add-search")).to_be_focused()
        keyboard.type(name)
        keyboard.press("Enter")
        expect(page.get_by_test_id("quick-add")).to_have_count(0)

    wires = page.locator("[data-testid^='wire-']")
    add("Input")
    add("GaussianNoise")
    expect(editor.nodes).to_have_count(2)
    expect(wires).to_have_count(1)

    keyboard.press("Control+z")
    expect(editor.nodes).to_have_count(1)
    expect(wires).to_have_count(0)
    page.get_by_test_id("canvas").focus()
    keyboard.press("Escape")
    add("GaussianNoise")
    expect(editor.nodes).to_have_count(2)
    expect(wires).to_have_count(0)
    keyboard.press("Shift+Tab")
    expect(page.get_by_test_id("layer-name")).to_have_value("input_layer")
    keyboard.press("c")
    expect(page.get_by_test_id("connect-search")).to_be_focused()
    keyboard.type("gaussian")
    keyboard.press("Enter")
    expect(wires).to_have_count(1)
    keyboard.press("Tab")
    expect(page.get_by_test_id("layer-name")).to_have_value("gaussian_noise")

    page.get_by_test_id("param-stddev").locator("input").first.focus()
    keyboard.type("0.25")
    keyboard.press("Backspace")
    keyboard.press("Delete")
    keyboard.press("Enter")
    expect(editor.nodes).to_have_count(2)
    editor.saved()

    keyboard.press("Escape")
    page.get_by_test_id("canvas").focus()
    keyboard.press("Control+a")
    keyboard.press("Delete")
    expect(editor.nodes).to_have_count(0)
    keyboard.press("Control+z")
    expect(editor.nodes).to_have_count(2)
    expect(wires).to_have_count(1)
    keyboard.press("Control+Shift+z")
    expect(editor.nodes).to_have_count(0)
    editor.saved()
