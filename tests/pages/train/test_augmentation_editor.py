"""The list of steps on the Train page: added, moved, removed, refused, and previewed."""

from streamlit.testing.v1 import AppTest

from tests.pages.test_page_train import errors, field, open_page

KEY = "data.augmentation"


def images(at: AppTest) -> list[str]:
    return [image.caption for element in at.get("image") for image in element.proto.imgs]


def press(at: AppTest, key: str) -> AppTest:
    return next(button for button in at.button if (button.key or "").endswith(key)).click().run()


def test_steps_are_added_moved_removed_and_previewed(image_folder):
    at = open_page(image_folder("data", train=(6, 5), val=(2, 2)), data__augmentation="flip, rotation 10")
    assert not at.exception
    assert len(images(at)) == 1 + 2 + 4
    at = press(at, "add-step:zoom")
    assert field(at, KEY).value == "flip horizontal, rotation -10..10, zoom 0.8..1.2"
    at = press(at, "remove")
    assert field(at, KEY).value == "rotation -10..10, zoom 0.8..1.2"
    at = press(at, "Down")
    assert field(at, KEY).value == "zoom 0.8..1.2, rotation -10..10"


def test_a_preset_is_shown_by_its_steps_and_a_mistake_is_told_there(image_folder):
    folder = image_folder("data", train=(6, 5), val=(2, 2))
    assert len(images(open_page(folder, data__augmentation="question"))) == 1 + 3 + 4
    at = open_page(folder, data__augmentation="rotation 400")
    assert any("-400..400 is outside -180 to 180" in error for error in errors(at))
    assert not at.exception
