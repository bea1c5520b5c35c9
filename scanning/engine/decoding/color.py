"""Bring decoded pixels of any mode to plain 8-bit grey or sRGB with a separate alpha.

Runs only inside the child process, and so imports only Pillow.
"""

import math
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

from scanning.engine.decoding.errors import PictureError

WHITE: dict[str, int | tuple[int, int, int]] = {"L": 255, "RGB": (255, 255, 255)}


def is_deep(image: Image.Image) -> bool:
    """Whether the picture holds one channel of more than 8 bits (16-bit, 32-bit or float)."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def plain(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split a loaded picture into its colours (mode L or RGB, sRGB) and its alpha (L) or None."""
    if is_deep(image):
        return stretched(image), None
    alpha = None
    if image.has_transparency_data:
        if image.mode != "LA":
            image = image.convert("RGBA")
        alpha = image.getchannel("A")
        # Dropping a band keeps the colours as they are; convert() would too, but not for LA.
        image = image.getchannel("L") if image.mode == "LA" else image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    transform = srgb_transform(image)
    if transform is not None:
        image = _transformed(image, transform)
    if image.mode == "CMYK":
        image = image.convert("RGB")
    return image, alpha


def on_white(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """Lay a picture (L or RGB) on a white ground. Two pictures that differ only in alpha differ."""
    if alpha is None:
        return image
    ground = Image.new(image.mode, image.size, WHITE[image.mode])
    ground.paste(image, mask=alpha)
    return ground


def stretched(image: Image.Image) -> Image.Image:
    """Scale a deep picture to 8 bits from its own lowest to its own highest value.

    `convert("L")` would clip instead, and turn nearly every 16-bit scan white. A range of its
    own suits 12-bit X-rays kept in 16 bits, and a perceptual hash does not see the scale.
    """
    numbers = image.convert("I") if image.mode.startswith("I;16") else image
    numbers = numbers.convert("F")
    low, high = (float(value) for value in _extrema(numbers))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise PictureError("unsupported", "The picture holds values that are not numbers.")
    if low == high:
        return Image.new("L", image.size, 128)
    scale = 255 / (high - low)
    # Half a step up, because the conversion cuts the fraction off.
    return numbers.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def profile_name(image: Image.Image) -> str | None:
    """The name of the embedded ICC profile, or None without one that can be read."""
    profile = image.info.get("icc_profile")
    return _profile_name(profile) if isinstance(profile, bytes) and profile else None


def srgb_transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """The way from the picture's embedded profile to sRGB; None where there is nothing to do.

    A profile that cannot be used is no error: the pixels are then taken as they are.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return None
    name = _profile_name(profile)
    if name is None or "srgb" in name.lower():
        return None
    return _transform(profile, image.mode)


def _extrema(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    if isinstance(low, tuple) or isinstance(high, tuple):
        raise TypeError("the picture has more than one channel")
    return low, high


def _transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    try:
        return ImageCms.applyTransform(image, transform) or image
    except (ImageCms.PyCMSError, ValueError):
        return image


# Cameras write the same few profiles into every file: parse each once.
@lru_cache(maxsize=8)
def _profile_name(profile: bytes) -> str | None:
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
