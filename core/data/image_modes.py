"""Turns an opened image of any mode into 8-bit RGB or grey: bit depth, palette, CMYK, transparency, orientation."""

from PIL import Image

from core.data.deep import Deep, Window, deep_values

MAX_PIXELS = 40_000_000  # 120 MB once decoded to RGB; the largest phone and X-ray images have about 25
TRANSPOSE = {  # EXIF orientation -> what puts the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def scale_down(image: Image.Image, size: int | None, mode: str | None) -> None:
    """Lets a JPEG be decoded smaller: as `images.decode` says, and so that it has `MAX_PIXELS` at most."""
    width, height = image.size
    wanted = None if size is None else (2 * size, 2 * size)
    if width * height > MAX_PIXELS:
        half = (width // 2, height // 2)
        wanted = half if wanted is None else (min(wanted[0], half[0]), min(wanted[1], half[1]))
    if wanted is not None:
        image.draft(mode, wanted)


def to_rgb(image: Image.Image, window: Window = "full") -> Image.Image:
    """Any mode to RGB; a new image."""
    deep = deep_values(image)
    if deep is not None:
        return _windowed(image, deep, window).convert("RGB")
    if image.mode == "La":  # a TIFF's, whose alpha is multiplied in
        image = image.convert("LA")
    if not image.has_transparency_data or _is_alpha_unused(image):
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def to_grey(image: Image.Image, window: Window = "full") -> Image.Image:
    """Any mode to 8-bit luma; a new image."""
    plain = image.mode == "L" and not image.has_transparency_data
    return image.copy() if plain else to_rgb(image, window).convert("L")


def _is_alpha_unused(image: Image.Image) -> bool:
    """Whether a BMP has only zeros where others have alpha: many programs leave that byte empty and mean no glass."""
    return image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0)


def _windowed(image: Image.Image, deep: Deep, window: Window) -> Image.Image:
    """Grey values of more than 8 bits by a window; what is see-through is white."""
    shown, clear = deep.shown(window), image.info.get("transparency")
    if isinstance(clear, int):
        shown.paste(255, mask=Image.fromarray(deep.values == clear))
    return shown
