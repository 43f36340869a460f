"""A head and an augmentation with every kind of layer and step, other ways to write them, and one value changed."""

HEAD = "dropout 0.2, dense 8 relu l2=0.01, batch_norm momentum=0.5 epsilon=0.01, activation gelu, output l2=0.1"

SAME_HEADS = (
    "average, " + HEAD,
    "Dropout(0.20), Dense(8, 'relu', l2=1e-2), BatchNormalization(momentum=.5, epsilon=.01), Activation('gelu'), "
    "output(l2=.1)",
)

HEAD_CHANGES = tuple(
    HEAD.replace(one, other)
    for one, other in (
        ("dropout 0.2", "dropout 0.21"), ("dense 8", "dense 9"), ("relu", "elu"), ("l2=0.01", "l2=0.02"),
        ("momentum=0.5", "momentum=0.6"), ("epsilon=0.01", "epsilon=0.02"), ("gelu", "silu"),
        ("output l2=0.1", "output l2=0.2"), ("activation gelu, ", ""),
    )
)  # fmt: skip

STEPS = (
    "flip horizontal, crop 0.8..1, rotation -20..20, shift -0.1..0.1 reflect, zoom 0.8..1.2 same, shear -10..10, "
    "brightness 0.8..1.2, contrast 0.8..1.2, channel_shift -20..20 each"
)

SAME_STEPS = (
    STEPS.split(", "),
    "flip horizontal, crop 0.8, rotation 20, shift 0.1 reflect, zoom 0.2 same, shear 10, brightness 0.2, "
    "contrast 0.2, channel_shift 20 each",
)

STEP_CHANGES = tuple(
    STEPS.replace(one, other)
    for one, other in (
        ("flip horizontal", "flip vertical"), ("crop 0.8", "crop 0.7"), ("rotation -20", "rotation -21"),
        ("shift -0.1..0.1", "shift -0.1..0.2"), ("reflect", "wrap"), ("zoom 0.8..1.2 same", "zoom 0.8..1.2"),
        ("shear -10", "shear -11"), ("brightness 0.8", "brightness 0.7"), ("contrast 0.8..1.2", "contrast 0.8..1.3"),
        ("20 each", "20"), ("channel_shift -20..20", "channel_shift -20..21"), (", shear -10..10", ""),
        ("crop 0.8..1, rotation -20..20", "rotation -20..20, crop 0.8..1"),
    )
)  # fmt: skip
