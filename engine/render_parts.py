"""What stands on the 3D view's stage, as VTK has it: figures with their shading, the ground, bones, and the small
views from which light is counted. This and engine.render_scene alone know VTK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkDataObject, vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow, vtkTexture

from engine.light import Light
from engine.render_geometry import Topology, bones
from engine.render_ground import Ground
from engine.render_light import Rays, Silhouettes, basis
from engine.skeleton import RGB

most_views = 36  # directions that light is counted from at once
view_side = 160  # px of each
_across = round(most_views**0.5)  # views beside each other

_vertex_words = """
in vec4 share;
out vec4 shareVSOutput;
//VTK::Normal::Dec
"""
_fragment_words = """
in vec4 shareVSOutput;
//VTK::Normal::Dec
"""
# Half a Lambert at the shadow's edge and a little warmth there, as clay and skin have it; a soft gleam; the sky's own
# light and what the ground gives back; all in linear colours, then a gentle shoulder, and sRGB.
_shading = """
  vec3 N = normalize(normalVCVSOutput);
  vec3 V = normalize(-vertexVC.xyz);
  if (mapMode == 1) {
    gl_FragData[0] = vec4(N * 0.5 + 0.5, 1.0);
  } else {
    vec3 albedo = pow(diffuseColor, vec3(2.2));
    vec3 sum = mix(bounceColor, skyColor, dot(N, upVC) * 0.5 + 0.5) * shareVSOutput.x;
    vec3 gleam = vec3(0.0);
    vec3 towards[3] = vec3[3](keyVC, fillVC, rimVC);
    vec3 strength[3] = vec3[3](keyColor, fillColor, rimColor);
    float arrives[3] = float[3](shareVSOutput.y, shareVSOutput.z, shareVSOutput.w);
    for (int k = 0; k < 3; ++k) {
      float slope = dot(N, towards[k]);
      float lit = max(0.0, (slope + 0.12) / 1.12) * arrives[k];
      sum += strength[k] * lit * mix(vec3(1.08, 0.98, 0.92), vec3(1.0), smoothstep(0.0, 0.45, slope));
      vec3 H = normalize(towards[k] + V);
      gleam += strength[k] * pow(max(dot(N, H), 0.0), 22.0) * max(slope, 0.0) * arrives[k];
    }
    float edge = pow(1.0 - max(dot(N, V), 0.0), 3.0);
    vec3 linear = albedo * sum + gloss * gleam + 0.10 * edge * skyColor * shareVSOutput.x;
    linear = linear * (1.0 + linear * 0.12) / (1.0 + linear * 0.42);
    gl_FragData[0] = vec4(pow(linear, vec3(1.0 / 2.2)), 1.0);
  }
"""


@dataclass(frozen=True, eq=False)
class Body:
    """A mesh to draw: vertices (V, 3) f32 m, its topology, colors (V, 3) uint8 or one for all, joints (55, 3) or None
    for no bones, opacity 0 … 1. `key` and `paint` name the content of vertices and colors."""

    key: str
    vertices: np.ndarray
    topology: Topology
    paint: object
    colors: np.ndarray | RGB
    joints: np.ndarray | None
    opacity: float = 1.0


class Figure:
    """One mesh on the graphics card, changed only where it differs."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.vertices = self.normals = np.zeros((0, 3), np.float32)
        self.share: np.ndarray | None = None
        self._key: object = None
        self._paint: object = None
        self._data = vtkPolyData()
        self._data.SetPolys(_cells(topology.faces))
        self.actor = _shaded(self._data)

    def show(self, body: Body) -> None:
        """Takes the body's shape and colours."""
        if body.key != self._key:
            self._key, self.vertices = body.key, body.vertices
            self.normals = self.topology.normals(body.vertices)
            _set_points(self._data, self.vertices)
            _set_array(self._data, "Normals", self.normals)
        if body.paint != self._paint:
            self._paint = body.paint
            colors = np.broadcast_to(np.asarray(body.colors, np.uint8), self.vertices.shape)
            _set_array(self._data, "Colors", colors)
        if self.share is None:
            self.arrives(None)

    def arrives(self, share: np.ndarray | None) -> None:
        """Light (V, 4) f32 of sky, key, fill and rim that reaches each vertex; None for all of it."""
        self.share = share
        _set_array(self._data, "share", np.ones((len(self.vertices), 4), np.float32) if share is None else share)

    def lit(self, one: Light, turn: float, rotation: np.ndarray) -> None:
        """Sets the lamps, `turn` degrees around the stage; `rotation` (3, 3) takes the world to VTK's view axes."""
        uniforms = self.actor.GetShaderProperty().GetFragmentCustomUniforms()
        uniforms.SetUniformf("gloss", one.gloss)
        uniforms.SetUniform3f("upVC", rotation[:, 1].tolist())
        uniforms.SetUniform3f("skyColor", list(one.sky))
        uniforms.SetUniform3f("bounceColor", list(one.bounce))
        for name, lamp in zip(("key", "fill", "rim"), one.lamps, strict=True):
            uniforms.SetUniform3f(f"{name}VC", (rotation @ lamp.direction(turn)).tolist())
            uniforms.SetUniform3f(f"{name}Color", [lamp.strength * c for c in lamp.color])

    def as_normals(self, on: bool) -> None:
        """Whether the figure is painted with its normals instead of light."""
        self.actor.GetShaderProperty().GetFragmentCustomUniforms().SetUniformi("mapMode", int(on))


class Floor:
    """The ground in a window of its own, where nothing is laid over it."""

    def __init__(self) -> None:
        self._data = vtkPolyData()
        self._data.SetPolys(_cells(np.array([[0, 2, 1], [1, 2, 3]])))
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
        self._data.GetPointData().SetTCoords(numpy_to_vtk(corners, deep=True))
        self._picture = vtkImageData()
        texture = vtkTexture()
        texture.SetInputData(self._picture)
        texture.InterpolateOn()
        texture.RepeatOff()
        self.actor = _plain(self._data)
        self.actor.SetTexture(texture)
        self.actor.GetProperty().BackfaceCullingOn()
        self.actor.ForceOpaqueOn()
        self.actor.SetVisibility(False)

    def show(self, ground: Ground) -> None:
        """Takes the ground's place and paint."""
        _set_points(self._data, ground.corners)
        n = len(ground.painted)
        self._picture.SetDimensions(n, n, 1)
        self._picture.GetPointData().SetScalars(numpy_to_vtk(ground.painted.reshape(-1, 4), deep=True))
        self._picture.Modified()


class Counter:
    """A second window: many small views of the same coarse meshes in one picture, each along a direction of the light.

    The meshes are turned here, once for each direction, and put side by side: to VTK it is one mesh and one view.
    """

    def __init__(self) -> None:
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(_across * view_side, _across * view_side)
        self._data = vtkPolyData()
        self._cells: dict[int, vtkCellArray] = {}  # by how many directions
        self._shape: tuple[Topology, ...] = ()
        renderer = vtkRenderer()
        actor = _plain(self._data)
        actor.GetProperty().BackfaceCullingOn()  # never first, and half the time
        renderer.AddActor(actor)
        # One unit of the picture is one view; the light comes from z = 1, and z = -1 is farthest from it.
        camera = renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetParallelScale(_across / 2)
        camera.SetPosition(_across / 2, _across / 2, 2)
        camera.SetFocalPoint(_across / 2, _across / 2, 0)
        camera.SetClippingRange(1, 3)
        self._window.AddRenderer(renderer)

    def silhouettes(self, rays: Rays, meshes: Sequence[tuple[np.ndarray, Topology]]) -> Silhouettes:
        """What each direction sees first of meshes (vertices, topology)."""
        points = np.vstack([vertices[topology.coarse[0]] for vertices, topology in meshes])
        center = (points.min(axis=0) + points.max(axis=0)) / 2
        radius = max(float(np.linalg.norm(points - center, axis=1).max()) * 1.03, 1e-3)
        count = len(rays.directions)
        axes = np.stack([np.stack(basis(direction)) for direction in rays.directions]).astype(np.float32)
        local = (points - center) / np.float32(radius) @ axes.reshape(-1, 3).T
        local = local.reshape(len(points), count, 3) * np.array((0.5, 0.5, 1), np.float32)
        corners = np.stack(
            [np.arange(count) % _across + 0.5, np.arange(count) // _across + 0.5, np.zeros(count)], axis=1
        )
        _set_points(self._data, (local + corners.astype(np.float32)).transpose(1, 0, 2).reshape(-1, 3))
        self._data.SetPolys(self._polygons(tuple(topology for _, topology in meshes), len(points), count))
        self._window.Render()
        rows = -(-count // _across)
        values = vtkFloatArray()
        self._window.GetZbufferData(0, 0, _across * view_side - 1, rows * view_side - 1, values)
        sheet = vtk_to_numpy(values).reshape(rows, view_side, _across, view_side)
        z = sheet.transpose(0, 2, 1, 3).reshape(-1, view_side, view_side)[:count]
        return Silhouettes(rays, np.where(z < 1, z * np.float32(2 * radius), np.float32(np.inf)), center, radius)

    def _polygons(self, shape: tuple[Topology, ...], points: int, count: int) -> vtkCellArray:
        if shape != self._shape:
            self._shape, self._cells = shape, {}
        if count not in self._cells:
            starts = np.cumsum([0, *(len(topology.coarse[0]) for topology in shape)])
            faces = np.vstack([topology.coarse[1] + start for topology, start in zip(shape, starts, strict=False)])
            self._cells[count] = _cells((faces + points * np.arange(count)[:, None, None]).reshape(-1, 3))
        return self._cells[count]


def skeletons(joints: Sequence[np.ndarray]) -> vtkActor:
    """The bones between the joints (55, 3) of each figure."""
    made = [bones(one) for one in joints]
    starts = np.cumsum([0, *(len(one.vertices) for one in made)])
    data = vtkPolyData()
    _set_points(data, np.vstack([one.vertices for one in made]))
    data.SetPolys(_cells(np.vstack([one.faces + start for one, start in zip(made, starts, strict=False)])))
    _set_array(data, "Colors", np.vstack([one.colors for one in made]))
    actor = _plain(data)
    actor.GetProperty().SetInterpolationToFlat()
    actor.GetProperty().SetAmbient(0.45)
    actor.GetProperty().SetDiffuse(0.65)
    actor.GetProperty().LightingOn()
    return actor


def _shaded(data: vtkPolyData) -> vtkActor:
    """An actor with this stage's own shading."""
    actor = _plain(data)
    actor.GetProperty().LightingOn()
    actor.GetProperty().BackfaceCullingOn()  # bodies are closed: nobody sees their inside
    mapper: Any = actor.GetMapper()
    mapper.MapDataArrayToVertexAttribute("share", "share", vtkDataObject.FIELD_ASSOCIATION_POINTS, -1)
    shader = actor.GetShaderProperty()
    passed_on = "//VTK::Normal::Impl\n  shareVSOutput = share;\n"
    shader.AddVertexShaderReplacement("//VTK::Normal::Dec", True, _vertex_words, False)
    shader.AddVertexShaderReplacement("//VTK::Normal::Impl", True, passed_on, False)
    shader.AddFragmentShaderReplacement("//VTK::Normal::Dec", True, _fragment_words, False)
    shader.AddFragmentShaderReplacement("//VTK::Light::Impl", True, _shading, False)
    return actor


def _plain(data: vtkPolyData) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.SetColorModeToDirectScalars()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    return actor


def _set_points(data: vtkPolyData, points: np.ndarray) -> None:
    holder = vtkPoints()
    holder.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
    data.SetPoints(holder)
    data.Modified()


def _set_array(data: vtkPolyData, name: str, values: np.ndarray) -> None:
    array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
    array.SetName(name)
    known = data.GetPointData()
    known.AddArray(array)
    if name == "Normals":
        known.SetNormals(array)
    elif name == "Colors":
        known.SetScalars(array)
    data.Modified()


def _cells(faces: np.ndarray) -> vtkCellArray:
    cells = vtkCellArray()
    cells.SetData(
        numpy_to_vtkIdTypeArray(np.arange(0, 3 * len(faces) + 1, 3, dtype=np.int64), deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces, np.int64).ravel(), deep=True),
    )
    return cells
