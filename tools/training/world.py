"""The painted world: clips of procedural scenery with a caption and labels for each chunk.

    clip = sample_clip(seed=7)              # 48 frames of 256x144, 16 a second
    render_pool("pool", range(4000), "train", workers=2)

Painting is done by the C++ in world/, compiled at first use. A clip is a pure function of (split, seed, size)
on one machine; another processor may differ in the last bit of a pixel.
"""

import ctypes
import hashlib
import json
import os
import random
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import captions
from captions import CAMERAS, LABELS, PLACES, SEASONS, THINGS, TIMES, WEATHERS  # noqa: F401 (part of this module)

WORLD_VERSION = 6  # raised whenever the same seed would look different

FPS = 16
CHUNK_FRAMES = 12
SHARD_CLIPS = 64
_SOURCE = Path(__file__).resolve().parent / "world"


@dataclass
class Clip:
    frames: np.ndarray   # uint8 [12 * chunks, height, width, 3]
    captions: list       # one string per chunk
    labels: list         # one {place, time, weather, camera, thing, season} per chunk
    change: int          # the chunk where something changes, 0 if nothing does


# ---------------------------------------------------------------------------------------------- the painter

class Painter:
    """The compiled renderer: paint(seed, {name: value}) -> frame."""

    def __init__(self):
        library = ctypes.CDLL(str(_build()))
        library.longtakeWorldParamNames.restype = ctypes.c_char_p
        self.names = library.longtakeWorldParamNames().decode().split()
        self._paint = library.longtakeWorldPaint
        self._paint.argtypes = [ctypes.c_uint32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]

    def paint(self, seed, values, out):
        vector = np.array([values[name] for name in self.names], np.float32)
        height, width, _ = out.shape
        self._paint(seed & 0xFFFFFFFF, vector.ctypes.data, width, height, out.ctypes.data)


def _build():
    sources = sorted(list(_SOURCE.glob("*.h")) + list(_SOURCE.glob("*.cpp")))
    compiler = os.environ.get("CXX", "c++")
    flags = ["-std=c++20", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    digest = hashlib.sha256(" ".join([compiler, *flags]).encode())
    for source in sources:
        digest.update(source.read_bytes())
    folder = Path(os.environ.get("LONGTAKE_TRAINING_CACHE", "~/.cache/longtake-training")).expanduser()
    target = folder / f"world-{digest.hexdigest()[:16]}.so"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".so", dir=folder)
        os.close(handle)
        subprocess.run([compiler, *flags, "-o", temporary, str(_SOURCE / "world.cpp")], check=True)
        os.replace(temporary, target)
    return target


_painter = None


def painter():
    global _painter
    if _painter is None:
        _painter = Painter()
    return _painter


# ---------------------------------------------------------------------------------------------- what goes together

_WATER = {"ocean", "lake", "city"}
_ALLOWED = {
    "balloon": (set(PLACES), set(TIMES)),
    "birds": (set(PLACES), set(TIMES)),
    "sailboat": (_WATER, set(TIMES)),
    "lighthouse": ({"ocean"}, set(TIMES)),
    "campfire": ({"desert", "mountains", "hills", "forest", "canyon", "lake"}, set(TIMES)),
    "leaves": ({"forest", "hills", "lake", "mountains"}, set(TIMES)),
    "lanterns": ({"lake", "city", "hills", "ocean", "desert", "mountains"}, {"dawn", "sunset", "night"}),
    "train": ({"hills", "mountains", "desert", "canyon", "forest"}, set(TIMES)),
    "kite": ({"hills", "desert", "ocean", "lake"}, {"dawn", "noon", "sunset"}),
    "fireworks": ({"city", "lake", "ocean"}, {"night"}),
}
_SEASON_PLACES = {"spring": {"hills", "forest", "lake"}, "autumn": {"forest", "hills", "lake", "mountains"},
                  "winter": {"forest", "hills", "mountains", "lake", "city"}}


def allowed(state):
    """Whether the parts of a state can be seen together."""
    place, time, weather, season, thing = (state[k] for k in ("place", "time", "weather", "season", "thing"))
    if weather == "aurora" and time != "night":
        return False
    if weather == "snow" and (place == "desert" or season in ("spring", "autumn")):
        return False
    if weather in ("rain", "storm") and season == "winter":
        return False
    if season != "none" and place not in _SEASON_PLACES[season]:
        return False
    if thing != "none" and (place not in _ALLOWED[thing][0] or time not in _ALLOWED[thing][1]):
        return False
    if thing == "leaves" and (season == "winter" or weather == "snow"):
        return False
    return True


def held_out(state):
    """Combinations kept from training: about one in fourteen."""
    key = "|".join(state[k] for k in ("place", "time", "weather", "thing"))
    return hashlib.sha256(key.encode()).digest()[0] % 14 == 0 and state["thing"] != "none"


def _thing_weight(thing):
    places, times = _ALLOWED[thing]
    return (len(PLACES) / len(places) * len(TIMES) / len(times)) ** 0.75  # what few scenes can have is chosen more often there


def _pick(kind, rng, state):
    """A value for one kind, possible with the state's place and time."""
    if kind == "place":
        return rng.choice(PLACES)
    if kind == "time":
        return rng.choice(TIMES)
    if kind == "weather":
        night, dry = state["time"] == "night", state["place"] == "desert"
        return rng.choices(WEATHERS, [5, 2.4, 2.2, 0 if dry else 2.6, 2.2, 2.2, 5.5 if night else 0])[0]
    if kind == "camera":
        return rng.choices(CAMERAS, [3, 2, 2, 1.9, 2])[0]
    if kind == "season":
        options = ["none"] + [s for s in SEASONS[1:] if state["place"] in _SEASON_PLACES[s]]
        return rng.choice(options[1:]) if len(options) > 1 and rng.random() < .5 else "none"
    if rng.random() < .25:
        return "none"
    options = [t for t in THINGS[1:] if state["place"] in _ALLOWED[t][0] and state["time"] in _ALLOWED[t][1]]
    return rng.choices(options, [_thing_weight(t) for t in options])[0]


def _acceptable(state, split):
    return allowed(state) and (split != "train" or not held_out(state))


def sample_state(rng, split):
    state = {"place": _pick("place", rng, {})}
    while True:
        for kind in ("time", "weather", "camera", "season", "thing"):
            state[kind] = _pick(kind, rng, state)
        if not _acceptable(state, split):
            continue
        if split == "heldout" and not held_out(state) and rng.random() < .88:
            continue
        return state


def sample_change(state, rng, split):
    """Another state that differs in one kind (for a new place, in what the place cannot have)."""
    for _ in range(200):
        kind = rng.choices(["time", "weather", "camera", "thing", "place"], [22, 22, 18, 22, 20])[0]
        after = dict(state)
        after[kind] = _pick(kind, rng, after)
        if after[kind] == state[kind]:
            continue
        if kind == "place":
            if after["season"] != "none" and after["place"] not in _SEASON_PLACES[after["season"]]:
                after["season"] = "none"
            if after["thing"] != "none" and after["place"] not in _ALLOWED[after["thing"]][0]:
                after["thing"] = "none"
        if _acceptable(after, split):
            return after
    return dict(state)


# ---------------------------------------------------------------------------------------------- looks

# Colours as display values. zenith, middle, horizon: the sky; glow: around the sun; key, ambient: light on things.
_TIME_LOOK = {
    "dawn": dict(zenith=(.36, .46, .68), middle=(.70, .66, .76), horizon=(.98, .80, .68), glow=(1., .76, .54), haze=(.90, .76, .73),
                 key=(.86, .62, .46), ambient=(.44, .44, .56), cloudLit=(1., .82, .72), cloudShade=(.62, .56, .68), glowAmount=.70),
    "noon": dict(zenith=(.17, .42, .77), middle=(.40, .65, .89), horizon=(.76, .87, .94), glow=(1., .98, .90), haze=(.70, .81, .91),
                 key=(.80, .76, .66), ambient=(.46, .53, .64), cloudLit=(.98, .98, .97), cloudShade=(.62, .70, .80), glowAmount=.42),
    "sunset": dict(zenith=(.19, .20, .42), middle=(.66, .34, .46), horizon=(.99, .56, .27), glow=(1., .66, .26), haze=(.82, .44, .36),
                   key=(.84, .55, .34), ambient=(.25, .24, .43), cloudLit=(1., .56, .36), cloudShade=(.40, .26, .42), glowAmount=.95),
    "night": dict(zenith=(.02, .045, .12), middle=(.05, .10, .23), horizon=(.12, .19, .35), glow=(.62, .74, .95), haze=(.10, .16, .29),
                  key=(.34, .42, .58), ambient=(.13, .18, .31), cloudLit=(.30, .37, .52), cloudShade=(.08, .12, .22), glowAmount=.22),
}
# The sky behind a closed cover of clouds, so that the time of day is still to be felt.
_GREY = {"dawn": ((.54, .55, .64), (.76, .68, .69)), "noon": ((.50, .57, .64), (.72, .77, .80)),
         "sunset": ((.33, .29, .39), (.72, .51, .45)), "night": ((.065, .085, .15), (.16, .20, .29))}
_WEATHER_LOOK = {
    "clear": dict(cover=.26, overcast=0., grey=0., hazeAmount=.04, mist=.15),
    "cloudy": dict(cover=.66, overcast=.25, grey=.30, hazeAmount=.10, mist=.15),
    "rain": dict(cover=.92, overcast=.85, grey=.85, hazeAmount=.34, mist=.40, rain=1., wet=1.),
    "snow": dict(cover=.86, overcast=.70, grey=.75, hazeAmount=.30, mist=.40, snow=1., snowCover=1.),
    "fog": dict(cover=.30, overcast=.62, grey=.88, hazeAmount=.80, mist=1.0),
    "storm": dict(cover=.97, overcast=1., grey=.95, hazeAmount=.22, mist=.30, rain=.75, storm=1., wet=1.),
    "aurora": dict(cover=.12, overcast=0., grey=0., hazeAmount=.02, mist=.15, aurora=1.),
}
_THING_COLORS = [(.84, .24, .18), (.92, .52, .14), (.18, .44, .72), (.20, .56, .44), (.62, .24, .52), (.88, .70, .20)]


def _mix(a, b, t):
    return tuple(x + (y - x) * t for x, y in zip(a, b))


def look(state, scene):
    """The painter's values for a state in a scene, without time and camera position."""
    time, weather = state["time"], state["weather"]
    colors = dict(_TIME_LOOK[time])
    air = dict(rain=0., snow=0., storm=0., wet=0., snowCover=0., aurora=0.)
    air.update(_WEATHER_LOOK[weather])
    grey, overcast = air.pop("grey"), air["overcast"]
    low, high = _GREY[time]
    colors["zenith"] = _mix(colors["zenith"], low, grey)
    colors["middle"] = _mix(colors["middle"], _mix(low, high, .45), grey)
    colors["horizon"] = _mix(colors["horizon"], high, grey)
    colors["haze"] = _mix(colors["haze"], _mix(low, high, .75), grey)
    colors["cloudLit"] = _mix(colors["cloudLit"], _mix(low, high, .85), grey * .9)
    colors["cloudShade"] = _mix(colors["cloudShade"], tuple(x * .72 for x in low), grey * .9)
    colors["key"] = tuple(x * (1. - .75 * overcast) for x in colors["key"])
    colors["ambient"] = tuple(x + (.16 if time != "night" else .08) * overcast for x in _mix(colors["ambient"], _mix(low, high, .4), grey * .6))
    if weather == "storm":
        for name in ("zenith", "middle", "horizon", "haze", "ambient", "cloudLit", "cloudShade"):
            colors[name] = _mix((.0, .0, .03), colors[name], .86 if time == "night" else .68)
    if weather == "fog":  # fog is lit from within: things stand dark before it
        lift = {"dawn": .10, "noon": .12, "sunset": .08, "night": .12}[time]
        for name in ("horizon", "haze", "middle", "cloudLit"):
            colors[name] = tuple(x + lift * (.9 if k < 2 else 1.) for k, x in enumerate(colors[name]))
        colors["cloudShade"] = _mix(colors["cloudShade"], colors["middle"], .65)
    if state["place"] == "city" and time == "night":
        colors["horizon"] = _mix(colors["horizon"], (.42, .30, .30), .38)
        colors["haze"] = _mix(colors["haze"], (.30, .24, .32), .30)
    if weather == "aurora":
        colors["middle"] = _mix(colors["middle"], (.04, .20, .22), .5)
        colors["horizon"] = _mix(colors["horizon"], (.10, .30, .30), .5)
        colors["ambient"] = _mix(colors["ambient"], (.10, .24, .24), .6)
    visible = max(0., 1. - 1.25 * overcast)
    values = dict(air)
    values["glowAmount"] = colors.pop("glowAmount") * (1. - .65 * overcast)
    for name, color in colors.items():
        for channel, x in zip("RGB", color):
            values[name + channel] = x
    values.update(lowSun=visible * (time in ("dawn", "sunset")), highSun=visible * (time == "noon"),
                  moon=max(0., visible - air["aurora"]) * (time == "night"), stars=visible * (time == "night"),
                  rays=(.9 if time == "dawn" else .25) * (1. - overcast), nightLights={"dawn": .25, "noon": 0., "sunset": .55, "night": 1.}[time])
    if time == "dawn":
        values["mist"] = max(values["mist"], .60)
    if time == "noon" and weather in ("rain", "snow", "storm"):
        values["nightLights"] = .15
    season = state["season"]
    values.update(spring=float(season == "spring"), autumn=float(season == "autumn"))
    values["snowCover"] = max(values["snowCover"], float(season == "winter"))
    for thing in THINGS[1:]:
        values[thing] = float(state["thing"] == thing)
    values.update(scene)
    return values


def _scene(rng):
    """What a clip has of its own beside its state: light, wind, and where its thing is."""
    sun = rng.uniform(.25, .75) if rng.random() < .3 else rng.uniform(1.0, 1.55) if rng.random() < .5 else rng.uniform(.25, 1.5)
    light = max(-1., min(1., (sun - .89) / .45))
    if abs(light) < .45:
        light = .45 if light >= 0 else -.45
    color = rng.choice(_THING_COLORS)
    return dict(sunX=sun, lightX=light, lowSunY=rng.uniform(.36, .45), highSunY=rng.uniform(.08, .14), moonY=rng.uniform(.13, .24),
                wind=rng.choice([-1, 1]) * rng.uniform(.5, 1.), horizonShift=rng.uniform(-.04, .05),
                thingX=rng.uniform(.45, 1.35), thingY=rng.uniform(.20, .32), thingPhase=rng.uniform(0, 6.28),
                thingSide=rng.choice([-1., 1.]), thingR=color[0], thingG=color[1], thingB=color[2])


_VELOCITY = {"still": (0., 0., 0.), "left": (-.20, 0., 0.), "right": (.20, 0., 0.), "rising": (0., .10, 0.), "forward": (0., 0., .48)}


def _smoothstep(x):
    x = min(1., max(0., x))
    return x * x * (3. - 2. * x)


def render_states(states, seed, scene, start, width, height, seconds0=0.0):
    """Frames for one state per chunk; a change takes effect from its chunk's first frame, within 9 frames.

    start: camera position (x, y, z) at the first frame. Returns uint8 [12 * len(states), height, width, 3].
    """
    brush = painter()
    frames = np.empty((CHUNK_FRAMES * len(states), height, width, 3), np.uint8)
    other = np.empty((height, width, 3), np.uint8)
    x, y, z = start
    looks = [look(s, scene) for s in states]
    for f in range(len(frames)):
        chunk = f // CHUNK_FRAMES
        before = max(0, chunk - 1)
        m = _smoothstep((f % CHUNK_FRAMES + 1) / 9.) if states[before] != states[chunk] else 1.
        a, b = looks[before], looks[chunk]
        values = {k: a[k] + (b[k] - a[k]) * m for k in b}
        u, v = _VELOCITY[states[before]["camera"]], _VELOCITY[states[chunk]["camera"]]
        dx, dy, dz = (p + (q - p) * m for p, q in zip(u, v))
        x, y, z = x + dx / FPS, y + dy / FPS, z + dz / FPS
        values.update(seconds=seconds0 + f / FPS, clipSeconds=(f - len(frames) / 2) / FPS, cameraX=x, cameraY=y, cameraZ=z, place=PLACES.index(states[chunk]["place"]))
        brush.paint(seed, values, frames[f])
        if m < 1. and states[before]["place"] != states[chunk]["place"]:
            values["place"] = PLACES.index(states[before]["place"])
            brush.paint(seed, values, other)
            frames[f] = np.rint(other + (frames[f].astype(np.float32) - other) * m).astype(np.uint8)
    return frames


def _camera_start(state, rng, landscapes):
    """Where the camera begins (x, y, z). With few landscapes it keeps near their best side."""
    camera = state["camera"]
    if not landscapes:
        return 0., rng.uniform(0., .10 if camera == "rising" else .05), rng.uniform(0., 8.)
    pans, rises, flies = camera in ("left", "right"), camera == "rising", camera == "forward"
    return rng.uniform(-.4, .4) if pans else 0., rng.uniform(0., .05) if rises else 0., rng.uniform(0., .8) if flies else 0.


def _paint_seed(split, seed, landscapes):
    """The seed of land and sky. With few landscapes, training and held-out clips share them and differ in the rest."""
    digest = int.from_bytes(hashlib.sha256(f"{split}:{seed}".encode()).digest()[:4], "little")
    return 1 + digest % landscapes if landscapes else digest


def describe_clip(seed, chunks=4, split="train", landscapes=0):
    """A clip's random choices: (states per chunk, captions, scene, camera start, start in seconds, change)."""
    rng = random.Random(f"{split}:{seed}")
    state = sample_state(rng, split)
    change, after = 0, state
    if chunks > 1 and rng.random() < .6:
        change = rng.randrange(1, chunks)
        after = sample_change(state, rng, split)
        if after == state:
            change = 0
    states = [dict(after if change and k >= change else state) for k in range(chunks)]
    # With few landscapes each has its own light, wind and spot for things, too: what is left to chance is what a model
    # has to see many examples of before its outlines become sharp.
    scene = _scene(random.Random(f"land:{state['place']}:{_paint_seed(split, seed, landscapes)}") if landscapes else rng)
    scene["thingPhase"] = rng.uniform(0, 6.28)
    start = _camera_start(state, rng, landscapes)
    first = captions.caption(state, rng, split)
    second = captions.caption(after, rng, split)
    texts = [second if change and k >= change else first for k in range(chunks)]
    return states, texts, scene, start, rng.uniform(0., 4. if landscapes else 30.), change


def sample_clip(seed, chunks=4, width=256, height=144, split="train", landscapes=0):
    """One clip. Training and held-out clips never share random choices, whatever their seeds.

    landscapes: how many different lands every place has; 0: as many as there are seeds.
    """
    states, texts, scene, start, seconds, change = describe_clip(seed, chunks, split, landscapes)
    frames = render_states(states, _paint_seed(split, seed, landscapes), scene, start, width, height, seconds)
    return Clip(frames, texts, states, change)


# ---------------------------------------------------------------------------------------------- a pool on disk

def _render_shard(job):
    folder, seeds, chunks, width, height, split, landscapes = job
    name = Path(folder) / f"{split}-{seeds[0]:08d}"
    frames_file, text_file = name.with_suffix(".npy"), name.with_suffix(".jsonl")
    if frames_file.exists() and text_file.exists():
        return str(frames_file)
    frames = np.empty((len(seeds), chunks * CHUNK_FRAMES, height, width, 3), np.uint8)
    lines = []
    for k, seed in enumerate(seeds):
        clip = sample_clip(seed, chunks, width, height, split, landscapes)
        frames[k] = clip.frames
        lines.append(json.dumps({"seed": seed, "captions": clip.captions, "labels": clip.labels, "change": clip.change}))
    temporary = frames_file.with_suffix(f".{os.getpid()}.tmp")
    with open(temporary, "wb") as out:
        np.save(out, frames)
    text_temporary = text_file.with_suffix(f".{os.getpid()}.text")
    text_temporary.write_text("\n".join(lines) + "\n")
    os.replace(text_temporary, text_file)
    os.replace(temporary, frames_file)
    return str(frames_file)


def render_pool(folder, seeds, split, workers, chunks=4, width=256, height=144, shard_clips=SHARD_CLIPS, landscapes=0):
    """Writes the clips of these seeds as shards; shards that exist are kept. Returns their paths.

    A shard is <split>-<first seed>.npy, uint8 [clips, 12 * chunks, height, width, 3], and a .jsonl of the same name
    with {seed, captions, labels, change} per clip. The folder belongs to one WORLD_VERSION: world.json in it says
    which, and a folder of another version is emptied of its shards first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / "world.json"
    wanted = {"version": WORLD_VERSION, "chunks": chunks, "width": width, "height": height, "landscapes": landscapes}
    if about.exists() and json.loads(about.read_text()) != wanted:
        for old in list(folder.glob("*-????????.npy")) + list(folder.glob("*-????????.jsonl")):
            old.unlink()
    about.write_text(json.dumps(wanted))
    painter()  # compile once, before there are several processes
    jobs = [(str(folder), seeds[i:i + shard_clips], chunks, width, height, split, landscapes)
            for i in range(0, len(seeds), shard_clips)]
    if workers <= 1:
        return [_render_shard(job) for job in jobs]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_render_shard, jobs))


if __name__ == "__main__":
    import time

    sample_clip(0, 1)
    begin = time.perf_counter()
    clips = [sample_clip(s) for s in range(20)]
    spent = time.perf_counter() - begin
    print(f"{1000 * spent / sum(len(c.frames) for c in clips):.2f} ms a frame")
