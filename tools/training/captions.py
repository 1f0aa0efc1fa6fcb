"""English captions for the painted world: many ways to say what is on the picture, and no way to say what is not.

A caption describes a state (place, time, season, weather, camera, thing). What it does not mention has its
default: clear weather, a still camera, no thing, no season. Held-out captions use sentence patterns that the
training captions never use, built from the same words.
"""

import random
import re

PLACES = ["ocean", "desert", "mountains", "hills", "forest", "canyon", "city", "lake"]
TIMES = ["dawn", "noon", "sunset", "night"]
WEATHERS = ["clear", "cloudy", "rain", "snow", "fog", "storm", "aurora"]
CAMERAS = ["still", "left", "right", "rising", "forward"]
THINGS = ["none", "balloon", "birds", "sailboat", "lighthouse", "campfire", "leaves", "lanterns", "train", "kite",
          "fireworks"]
SEASONS = ["none", "spring", "autumn", "winter"]
LABELS = {"place": PLACES, "time": TIMES, "weather": WEATHERS, "camera": CAMERAS, "thing": THINGS, "season": SEASONS}
DEFAULTS = {"weather": "clear", "camera": "still", "thing": "none", "season": "none"}

# For each place: noun phrases without an article (singular ones are marked with "a" or "an"), and short tags.
_PLACE = {
    "ocean": (["the ocean", "the open sea", "the sea", "the wide ocean", "ocean waves", "the open ocean", "a wide sea"],
              ["ocean", "sea", "open sea", "ocean waves"]),
    "desert": (["the desert", "a sandy desert", "desert dunes", "sand dunes", "golden dunes", "a wide desert"],
               ["desert", "sand dunes", "desert dunes"]),
    "mountains": (["the mountains", "a mountain range", "high mountains", "tall mountain peaks", "rocky mountains"],
                  ["mountains", "mountain range", "mountain peaks"]),
    "hills": (["rolling hills", "the hills", "soft hills", "a hilly countryside", "gentle hills", "hills and meadows"],
              ["hills", "rolling hills", "countryside hills"]),
    "forest": (["a forest", "the forest", "the woods", "a wide forest", "a deep forest", "wooded slopes"],
               ["forest", "woods", "deep forest"]),
    "canyon": (["a canyon", "a red canyon", "the canyon", "red rock canyon walls", "a rocky canyon", "red cliffs of a canyon"],
               ["canyon", "red canyon", "rocky canyon"]),
    "city": (["a city skyline", "the city skyline", "a city by the water", "the skyline of a city", "city towers", "a big city"],
             ["city", "city skyline", "skyline", "city towers"]),
    "lake": (["a lake", "a mountain lake", "the lake", "a quiet lake", "a lake below mountains", "an alpine lake"],
             ["lake", "mountain lake", "alpine lake"]),
}
_TIME = {
    "dawn": (["at dawn", "at sunrise", "at daybreak", "in the early morning", "in the first light", "as the sun rises"],
             ["dawn", "sunrise", "daybreak", "early morning"]),
    "noon": (["at noon", "at midday", "in daylight", "in the middle of the day", "in bright daylight", "during the day"],
             ["noon", "midday", "daylight", "day"]),
    "sunset": (["at sunset", "at dusk", "in the evening", "in the evening light", "as the sun sets", "in the golden evening"],
               ["sunset", "dusk", "evening"]),
    "night": (["at night", "by night", "in the night", "after dark", "late at night", "in the dark of night"],
              ["night", "nighttime", "after dark"]),
}
_WEATHER = {
    "clear": (["under a clear sky", "in clear weather", "with a clear sky"], ["clear sky", "clear", "clear weather"]),
    "cloudy": (["under a cloudy sky", "with drifting clouds", "under heavy clouds", "in cloudy weather", "with many clouds above"],
               ["cloudy", "clouds", "cloudy sky", "drifting clouds"]),
    "rain": (["in the rain", "in heavy rain", "while rain falls", "in steady rain", "in rainy weather"],
             ["rain", "rainy", "heavy rain", "falling rain"]),
    "snow": (["in the snow", "while snow falls", "in falling snow", "in a snowfall", "with snow falling"],
             ["snow", "snowfall", "falling snow", "snowing"]),
    "fog": (["in the fog", "in thick fog", "in the mist", "covered in fog", "wrapped in mist", "in foggy weather"],
            ["fog", "mist", "foggy", "misty", "thick fog"]),
    "storm": (["in a storm", "in a thunderstorm", "with lightning in the sky", "under flashes of lightning", "while lightning strikes"],
              ["storm", "thunderstorm", "lightning", "stormy"]),
    "aurora": (["under the northern lights", "under an aurora", "with green northern lights", "below a bright aurora", "with an aurora in the sky"],
               ["aurora", "northern lights", "green aurora"]),
}
_CAMERA = {
    "still": (["with a still camera", "while the camera stays still", "seen by a still camera"],
              ["The camera stays still.", "The camera does not move.", "A still camera."],
              ["still camera", "static camera", "static shot"]),
    "left": (["while the camera pans left", "as the camera moves to the left", "with the camera panning left", "as the view turns left"],
             ["The camera pans left.", "The camera moves to the left.", "The view slides left.", "Panning left."],
             ["pan left", "panning left", "camera pans left", "camera left"]),
    "right": (["while the camera pans right", "as the camera moves to the right", "with the camera panning right", "as the view turns right"],
              ["The camera pans right.", "The camera moves to the right.", "The view slides right.", "Panning right."],
              ["pan right", "panning right", "camera pans right", "camera right"]),
    "rising": (["while the camera rises", "as the camera moves up", "with the camera rising", "as the view lifts up"],
               ["The camera rises.", "The camera moves up.", "The view lifts slowly up.", "Rising slowly."],
               ["rising camera", "camera rises", "camera moving up", "rising shot"]),
    "forward": (["while the camera moves forward", "as the camera glides ahead", "with the camera flying forward", "as the view moves ahead"],
                ["The camera moves forward.", "The camera glides ahead.", "The view flies forward.", "Flying forward."],
                ["moving forward", "camera forward", "forward flight", "flying forward"]),
}
# Thing: as a subject, its verbs (completed by a place), with-phrases, tags.
_THING = {
    "balloon": (["a hot air balloon", "a hot-air balloon", "a balloon", "a striped balloon", "a colorful balloon"],
                ["drifts over", "floats over", "hangs above", "flies over", "hovers above"],
                ["with a hot air balloon in the sky", "with a balloon drifting by", "and a balloon in the air"],
                ["balloon", "hot air balloon", "hot-air balloon"]),
    "birds": (["birds", "a flock of birds", "a few birds", "a group of birds", "geese"],
              ["fly over", "glide over", "cross the sky above", "pass over"],
              ["with birds in the sky", "with a flock of birds", "and birds flying by"],
              ["birds", "flock of birds", "flying birds"]),
    "sailboat": (["a sailboat", "a sailing boat", "a small sailboat", "a white sailboat", "a boat with white sails"],
                 ["crosses", "sails on", "glides over", "sails across"],
                 ["with a sailboat on the water", "with a small sailboat", "and a sailing boat on the waves"],
                 ["sailboat", "sailing boat", "small sailboat"]),
    "lighthouse": (["a lighthouse", "an old lighthouse", "a tall lighthouse", "a striped lighthouse"],
                   ["shines over", "stands by", "turns its beam over", "watches over"],
                   ["with a lighthouse on the rocks", "with a lighthouse and its turning beam", "and a lighthouse"],
                   ["lighthouse", "tall lighthouse", "lighthouse beam"]),
    "campfire": (["a campfire", "a small campfire", "a warm campfire", "a campfire beside a tent"],
                 ["burns by", "glows in front of", "flickers before", "crackles in front of"],
                 ["with a campfire and a tent", "with a campfire burning", "and a glowing campfire"],
                 ["campfire", "tent and campfire", "glowing campfire"]),
    "leaves": (["leaves", "falling leaves", "loose leaves", "colorful leaves"],
               ["fall over", "drift over", "whirl over", "blow across"],
               ["with falling leaves", "with leaves in the wind", "and leaves drifting down"],
               ["falling leaves", "leaves", "leaves in the wind"]),
    "lanterns": (["paper lanterns", "sky lanterns", "glowing lanterns", "floating lanterns"],
                 ["rise over", "float above", "drift over", "glow above"],
                 ["with sky lanterns rising", "with glowing lanterns in the air", "and floating lanterns"],
                 ["lanterns", "sky lanterns", "paper lanterns", "floating lanterns"]),
    "train": (["a train", "a steam train", "an old train", "a passing train"],
              ["passes through", "crosses", "rolls through", "travels through"],
              ["with a train passing", "with a steam train on a bridge", "and a train rolling by"],
              ["train", "steam train", "passing train"]),
    "kite": (["a kite", "a colorful kite", "a paper kite", "a kite with a long tail"],
             ["flies over", "dances above", "soars over", "hovers above"],
             ["with a kite in the wind", "with a colorful kite", "and a kite in the sky"],
             ["kite", "colorful kite", "paper kite"]),
    "fireworks": (["fireworks", "bright fireworks", "colorful fireworks"],
                  ["burst over", "light up the sky above", "explode over", "bloom above"],
                  ["with fireworks in the sky", "with bright fireworks", "and fireworks above"],
                  ["fireworks", "bright fireworks", "colorful fireworks"]),
}
_PLURAL = {"birds", "leaves", "lanterns", "fireworks"}
_SEASON = {
    "spring": (["in spring", "in bloom", "in the spring", "with spring blossoms"], ["spring", "blossoms", "spring blossoms"]),
    "autumn": (["in autumn", "in fall colors", "in the fall", "in autumn colors"], ["autumn", "fall colors", "autumn colors"]),
    "winter": (["in winter", "under a winter snow cover", "in the winter", "covered in white snow"],
               ["winter", "snow covered", "winter landscape"]),
}
_VIEW = ["A view of", "A picture of", "A wide view of", "The scene shows", "We see", "A quiet scene with"]
_MOVE = {"left": ["Panning left across", "Moving left past", "The camera pans left across"],
         "right": ["Panning right across", "Moving right past", "The camera pans right across"],
         "rising": ["Rising above", "The camera rises above", "Lifting up over"],
         "forward": ["Flying forward over", "Moving forward over", "Gliding ahead over", "The camera flies over"]}


def _parts(state, rng):
    """The phrases of a state, defaults left out most of the time."""
    part = {"place": rng.choice(_PLACE[state["place"]][0]), "time": rng.choice(_TIME[state["time"]][0])}
    part["season"] = rng.choice(_SEASON[state["season"]][0]) if state["season"] != "none" else ""
    spoken = state["weather"] != "clear" or rng.random() < 0.12
    part["weather"] = rng.choice(_WEATHER[state["weather"]][0]) if spoken else ""
    spoken = state["camera"] != "still" or rng.random() < 0.12
    part["camera"] = rng.choice(_CAMERA[state["camera"]][0]) if spoken else ""
    part["cameraSentence"] = rng.choice(_CAMERA[state["camera"]][1]) if spoken else ""
    thing = state["thing"]
    if thing != "none":
        subjects, verbs, withs, _ = _THING[thing]
        part["subject"], part["verb"], part["with"] = rng.choice(subjects), rng.choice(verbs), rng.choice(withs)
        if thing == "sailboat" and state["place"] == "city":
            part["verb"] = rng.choice(["sails past", "glides past", "passes"])
    return part


def _join(*pieces):
    return " ".join(p for p in pieces if p)


def _tags(state, rng):
    words = [rng.choice(_PLACE[state["place"]][1])]
    rest = [rng.choice(_TIME[state["time"]][1])]
    if state["season"] != "none":
        rest.append(rng.choice(_SEASON[state["season"]][1]))
    if state["weather"] != "clear" or rng.random() < 0.1:
        rest.append(rng.choice(_WEATHER[state["weather"]][1]))
    if state["camera"] != "still" or rng.random() < 0.1:
        rest.append(rng.choice(_CAMERA[state["camera"]][2]))
    if state["thing"] != "none":
        rest.append(rng.choice(_THING[state["thing"]][3]))
    if rng.random() < 0.6:
        rng.shuffle(rest)
    words += rest
    if rng.random() < 0.15:
        rng.shuffle(words)
    return (", " if rng.random() < 0.85 else " ").join(words)


def _plain(p, rng):
    order = [p["season"], p["time"], p["weather"]]
    if rng.random() < 0.4:
        order = [p["season"], p["weather"], p["time"]]
    head = _join(p["place"], *order)
    return ", ".join(x for x in [_join(head, p.get("with", "")), p["camera"]] if x) + "."


def _subject(p, rng):
    tail = [p["season"], p["time"], p["weather"]] if rng.random() < 0.6 else [p["season"], p["weather"], p["time"]]
    if "subject" not in p:
        return _plain(p, rng)
    return _join(p["subject"], p["verb"], p["place"], *tail, p["camera"]) + "."


def _time_first(p, rng):
    return _join(p["time"] + ",", p["place"], p["season"], p["weather"], p.get("with", "")) + ". " + p["cameraSentence"]


def _view(p, rng):
    return _join(rng.choice(_VIEW), p["place"], p["season"], p["time"], p["weather"], p.get("with", "")) + ". " + p["cameraSentence"]


def _listing(p, rng):
    rest = [x for x in [p["time"], p["weather"], p.get("subject", ""), p["camera"]] if x]
    rng.shuffle(rest)
    return ", ".join([_join(p["place"], p["season"])] + rest)


def _weather_first(p, rng):
    if not p["weather"] or p["weather"].startswith("covered") or p["weather"].startswith("wrapped"):
        return _view(p, rng)
    return _join(p["weather"] + ",", p["place"], p["season"], p["time"], p.get("with", ""), p["camera"]) + "."


def _held_camera_first(p, rng):
    head = p["cameraSentence"] or "A still camera."
    return head + " " + _join(p["place"], p["weather"], p["season"], p["time"], p.get("with", "")) + "."


def _held_thing_first(p, rng):
    if "subject" not in p:
        return _join(p["time"], p["weather"]) + ": " + _join(p["place"], p["season"], p["camera"])
    return p["subject"] + ". " + _join(p["place"], p["time"], p["season"], p["weather"]) + ". " + p["cameraSentence"]


def _held_two_sentences(p, rng):
    second = _join(p["subject"], p["verb"], p["place"]) + ". " if "subject" in p else ""
    return _join(p["place"], p["season"], p["time"]) + ". " + second + _join(p["weather"], p["camera"])


_TRAIN = [(_plain, 3), (_subject, 4), (_time_first, 2), (_view, 2), (_listing, 2), (_weather_first, 1.5)]
_HELD_OUT = [_held_camera_first, _held_thing_first, _held_two_sentences]


def caption(state, rng, split="train"):
    """A caption of a state: {place, time, weather, camera, thing, season} -> str."""
    if split == "heldout" and rng.random() < 0.5:
        text = rng.choice(_HELD_OUT)(_parts(state, rng), rng)
    elif rng.random() < 0.25:
        text = _tags(state, rng)
    elif state["camera"] in _MOVE and rng.random() < 0.15:
        p = _parts(state, rng)
        text = _join(rng.choice(_MOVE[state["camera"]]), p["place"], p["season"], p["time"], p["weather"], p.get("with", "")) + "."
    else:
        makers, weights = zip(*_TRAIN)
        text = rng.choices(makers, weights)[0](_parts(state, rng), rng)
    return _style(text, rng)


def plain(place, time, camera):
    """The shortest sentence that says these three."""
    return f"{_PLACE[place][0][0]} {_TIME[time][0][0]} {_CAMERA[camera][0][0]}".capitalize()


def _style(text, rng):
    text = re.sub(r"\s+", " ", text).strip().strip(",").strip()
    text = re.sub(r"\. ?\.", ".", text)
    text = re.sub(r"(^|[.:] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)
    roll = rng.random()
    if roll < 0.30:
        text = text.lower()
    if rng.random() < 0.30:
        text = text.rstrip(".")
    if rng.random() < 0.10:
        text = text.replace(",", "").replace(".", "").replace(":", "").strip()
    return text


def vocabulary():
    """Every word a caption can contain, lower case, sorted."""
    words = set()

    def collect(node):
        if isinstance(node, str):
            words.update(re.findall(r"[a-z]+", node.lower()))
        elif isinstance(node, dict):
            for value in node.values():
                collect(value)
        else:
            for value in node:
                collect(value)

    for table in (_PLACE, _TIME, _WEATHER, _CAMERA, _THING, _SEASON, _VIEW, _MOVE, "sails past"):
        collect(table)
    return sorted(words)


if __name__ == "__main__":
    source = random.Random(1)
    state = {"place": "ocean", "time": "sunset", "weather": "rain", "camera": "left", "thing": "sailboat", "season": "none"}
    for _ in range(20):
        print(caption(state, source, "heldout"))
