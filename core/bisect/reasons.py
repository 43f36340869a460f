"""Why a setting can make a difference, in one sentence each: what it changes in a training."""

DATASET = "dataset"

REASONS: dict[str, str] = {
    DATASET: "Other images, or the same in another order, are another thing to learn from and to be judged on.",
    "data.image_size": "Smaller images lose detail, and a backbone sees best at about the size it was trained at.",
    "data.fit": "Stretching changes shapes, a crop leaves the borders out, bars take pixels from what is shown.",
    "data.batch_size": "Smaller batches make more steps an epoch, each in a noisier direction.",
    "data.shuffle": "Batches of one class pull the head to that class, then to the next; the last ones win.",
    "data.augmentation": "Changed images are harder to learn by heart, but too strong a change hides what matters.",
    "data.augmentation_draws": "A single version of each image can be learnt by heart; new ones every epoch hardly.",
    "data.preprocessing": "A backbone knows one scaling of the pixels; with another, its features mean little.",
    "data.drop_remainder": "The images of an incomplete last batch are not learnt from in that epoch.",
    "data.validation_split": "More images held out are fewer to learn from, and others to be judged on.",
    "data.group_pattern": "With images of one patient on both sides of the split, validation looks too good.",
    "data.seed": "It decides which images are held out and how they are augmented.",
    "model.backbone": "Another network makes other features of the same image.",
    "model.weights": "Without ImageNet's weights the features of a frozen backbone mean nothing.",
    "model.pooling": "The mean of each channel forgets where something is; all positions make a large head that learns "
    "by heart.",
    "model.dense_units": "A hidden layer can learn what a straight line cannot, and needs more epochs and data.",
    "model.dropout": "It keeps a head from learning by heart, and slows it down.",
    "model.head": "Its layers decide what can be learnt from the features, and how much by heart; a list is one "
    "factor, as the layers of two lists do not pair off.",
    "training.mode": "It decides whether the backbone learns at all.",
    "training.epochs": "Too few passes leave the head half trained; too many let it learn by heart.",
    "training.optimizer": "The same gradient becomes another step, so the same rate goes another distance.",
    "training.learning_rate": "Too short steps do not arrive in the epochs given; too long ones jump over the goal.",
    "training.unfreeze_from": "A backbone that trains can fit the data better, and can lose what it knew.",
    "training.finetune_stages": "It decides in which order the blocks begin to learn.",
    "training.finetune_epochs": "It decides how long the unfrozen blocks learn.",
    "training.finetune_learning_rate": "Too high a rate destroys what the backbone knows; too low changes nothing.",
    "training.block_rate_factor": "Lower blocks with smaller steps keep more of what ImageNet has taught them.",
    "training.class_weight": "Heavier rare classes are found more often, at the cost of the frequent ones.",
    "training.early_stopping": "It decides which epoch's weights are kept.",
    "training.reduce_on_plateau": "Smaller steps late in a training settle nearer to the minimum.",
    "training.literal": "Features kept in float16 are rounded; literal execution does not round.",
    "training.precision": "bfloat16 rounds every feature to three digits.",
    "training.feature_precision": "float16 rounds the features that are kept.",
    "training.seed": "It decides the first weights, the dropout and the order: what is called chance here.",
}
"""Key to a sentence."""
