"""Folders as people have them, each with the right reading or the right refusal, written before the code that reads.

A tree is a list of words `FOLDER=COUNT`: so many images in a folder, braces naming several folders. Where the last part
has a `#` and a dot it is the pattern of the file names, the number in place of the `#`.
"""

import re
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from core.data.layout_choice import parse_choice
from core.data.scan import scan
from core.errors import DataError
from tests.data.conftest import image

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Case:
    """One dataset.

    Attributes:
        tree: What lies in it, see above.
        reads: Images by part and class, `""` where the folders are not split; empty where it is refused.
        says: What the notes have to say.
        refuses: What the refusal has to say.
        chosen: What it gives when a reading is chosen, by the word for `--layout`.
    """

    tree: str
    reads: Counts = field(default_factory=dict)
    says: tuple[str, ...] = ()
    refuses: str = ""
    chosen: dict[str, Counts] = field(default_factory=dict)


def files_of(tree: str) -> list[str]:
    """Every file of a tree, in order."""
    names = []
    for word in tree.split():
        path, _, count = word.rpartition("=")
        pieces = [piece.split(",") for piece in re.split(r"[{}]", path)]
        for whole in map("".join, product(*pieces)):
            _, _, last = whole.rpartition("/")
            pattern = whole if "#" in last and "." in last else f"{whole}/#.png"
            where, _, file = pattern.rpartition("/")
            paths = [f"{where}/{file.replace('#', str(k))}" for k in range(int(count))]
            names += [path.lstrip("/").replace("~", " ") for path in paths]
    return names


def build(root: Path, tree: str) -> Path:
    """Writes a tree, all of its images different."""
    for number, name in enumerate(files_of(tree)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image(number) if path.suffix in (".png", ".jpg", ".jpeg", ".JPEG") else b"text\n")
    return root


def check(case: Case, root: Path) -> None:
    """Writes a case's tree and reads it."""
    build(root, case.tree)
    if case.refuses:
        with pytest.raises(DataError, match=case.refuses) as caught:
            scan(root)
        assert "\n" not in str(caught.value)
    else:
        index = scan(root)
        assert index.counts() == case.reads
        told = " ".join(index.notes)
        for says in case.says:
            assert re.search(says, told), told
        if not case.says:
            assert index.notes == ()
        assert index.reading
        assert index.reasons
    for word, reads in case.chosen.items():
        assert scan(root, choice=parse_choice(word)).counts() == reads, word


def both(train: int, val: int, *classes: str) -> Counts:
    """So many images of each class to train and to validate on."""
    return {"train": dict.fromkeys(classes, train), "val": dict.fromkeys(classes, val)}


def all_three(train: int, val: int, test: int, *classes: str) -> Counts:
    return {**both(train, val, *classes), "test": dict.fromkeys(classes, test)}


def only(count: int, *classes: str) -> Counts:
    return {"": dict.fromkeys(classes, count)}


TEST_SERVES = "is used for validation"

CASES: dict[str, Case] = {
    # parts under other names
    "Training and Testing": Case(
        "Training/{glioma,notumor}=8 Testing/{glioma,notumor}=4", both(8, 4, "glioma", "notumor"), (TEST_SERVES,)
    ),
    "Training and Test": Case(
        "Training/{Apple~Red~1,Banana}=3 Test/{Apple~Red~1,Banana}=2",
        both(3, 2, "Apple Red 1", "Banana"),
        (TEST_SERVES,),
    ),
    "training_set and test_set": Case(
        "dataset/training_set/{cats,dogs}=4 dataset/test_set/{cats,dogs}=2 dataset/single_prediction=2",
        both(4, 2, "cats", "dogs"),
        (r"single_prediction/ beside training_set/ is ignored", TEST_SERVES),
    ),
    "parts nested twice under a common prefix": Case(
        "seg_train/seg_train/{sea,street}=4 seg_test/seg_test/{sea,street}=2 seg_pred/seg_pred=3",
        both(4, 2, "sea", "street"),
        (r"seg_pred/ beside seg_train/ is ignored",),
    ),
    "a test part without classes": Case(
        "asl_alphabet_train/asl_alphabet_train/{A,B}=4 asl_alphabet_test/asl_alphabet_test/#_test.jpg=2",
        only(4, "A", "B"),
        (r"asl_alphabet_test/ has no class folders.* 2 images .*left out",),
    ),
    "trainingSet in one word": Case(
        "trainingSet/trainingSet/{0,1,2}=3 testSet/testSet/img_#.jpg=4",
        only(3, "0", "1", "2"),
        (r"testSet/.*left out",),
    ),
    "numbers behind the part": Case("train2017/{cat,dog}=3 val2017/{cat,dog}=2", both(3, 2, "cat", "dog")),
    "MNIST's t10k": Case("{train,t10k-images}/{0,1}=3", both(3, 3, "0", "1"), ("so t10k-images/ is used",)),
    "t10km as a class": Case("{t10km,run5km}=3", only(3, "run5km", "t10km")),
    "trn and tst": Case("trn/{a,b}=3 tst/{a,b}=2", both(3, 2, "a", "b"), (TEST_SERVES,)),
    "the classes again in a folder of another name": Case(
        "train/{a,b}=3 unseen/{a,b}=2 more/c=2",
        only(3, "a", "b"),
        (
            r"unseen/ beside train/ is ignored\. It has the same classes; --layout train=train,val=unseen validates",
            r"more/ beside train/ is ignored\.(?! It)",
        ),
        chosen={"train=train,val=unseen": both(3, 2, "a", "b")},
    ),
    "images below two folders beside annotations, as Stanford Dogs has them": Case(
        "images/Images/{n02-Chin,n03-Pug}/#.jpg=3 annotations/Annotation/{n02-Chin,n03-Pug}/n02_#.xml=3",
        only(3, "n02-Chin", "n03-Pug"),
        (r"annotations/ beside images/ holds no images",),
    ),
    "two sizes of the same images": Case(
        "data_{128,256}/{a,b}=3",
        refuses=r"two ways: the classes a, b \(--layout inner\); or the classes data_128, data_256",
    ),
    "images beside one folder of images": Case(
        "cats/c#.png=3 cats/CROPPED/d#.png=3 dogs/c#.png=3",
        {"": {"cats": 6, "dogs": 3}},
        (r"Images in sub-folders \(CROPPED\) belong to the class above them, as do the images next to",),
    ),
    "outlines of another word": Case(
        "{a,b}/IMD#.png=3 {a,b}/IMD#_lesion.png=3", only(3, "a", "b"), (r"6 images are skipped, named as masks",)
    ),
    "a few regions beside many images": Case("{a,b}/IMD#.png=5 {a,b}/IMD#_roi.png=2", only(7, "a", "b")),
    "names that all end in lesion": Case("{a,b}/IMD#_lesion.png=3", only(3, "a", "b")),
    "zips of classes": Case("class#.zip=2", refuses=r"There are archives, .*: class0\.zip, class1\.zip; unpack them\."),
    "labels in MATLAB's files": Case(
        "jpg=3 labels#.mat=1", refuses=r"Files of these kinds are not read: labels0\.mat; save images and a"
    ),
    "train and dev": Case("train/{a,b}=3 dev/{a,b}=2", both(3, 2, "a", "b")),
    "train, dev and eval": Case("train/{a,b}=3 dev/{a,b}=2 eval/{a,b}=1", all_three(3, 2, 1, "a", "b")),
    "train, valid and holdout": Case("train/{a,b}=3 valid/{a,b}=2 holdout/{a,b}=1", all_three(3, 2, 1, "a", "b")),
    "train and hold-out": Case("train/{a,b}=3 hold-out/{a,b}=2", both(3, 2, "a", "b"), (TEST_SERVES,)),
    "mixed case, nested once more": Case(
        "Archive/DATA/TRAIN/{a,b}=3 Archive/DATA/Val/{a,b}=2 Archive/DATA/tEst/{a,b}=1", all_three(3, 2, 1, "a", "b")
    ),
    "German": Case(
        "Trainingsdaten/{Katze,Hund}=3 Validierungsdaten/{Katze,Hund}=2 Testdaten/{Katze,Hund}=1",
        all_three(3, 2, 1, "Hund", "Katze"),
    ),
    "Spanish": Case("entrenamiento/{a,b}=3 prueba/{a,b}=2", both(3, 2, "a", "b"), (TEST_SERVES,)),
    "Chinese": Case("训练集/{a,b}=3 验证集/{a,b}=2 测试集/{a,b}=1", all_three(3, 2, 1, "a", "b")),
    "wrappers of different depth": Case(
        "DATA/train_data/train/{a,b}=3 DATA/test_data/{a,b}=2", both(3, 2, "a", "b"), (TEST_SERVES,)
    ),
    "images folders below the parts": Case(
        "train/images/{a,b}=3 train/labels/#.txt=3 val/images/{a,b}=2", both(3, 2, "a", "b")
    ),
    "train and a flat test1": Case(
        "train/{cat,dog}=8 test1=4", only(8, "cat", "dog"), (r"test1/.*4 images.*left out",)
    ),
    "an unknown folder in test": Case(
        "train/{a,b}=3 val/{a,b}=2 test/unknown=4", both(3, 2, "a", "b"), (r"test/.*4 images.*left out",)
    ),
    "images folders below the classes, as Tiny ImageNet has them": Case(
        "train/{n01443537,n01629819}/images=3 val/images=4 test/images=4",
        only(3, "n01443537", "n01629819"),
        (r"val/.*left out", r"test/.*left out"),
    ),
    "more in training than in validation": Case(
        "train/{a,b,c}=3 val/{a,b}=2", {"train": {"a": 3, "b": 3, "c": 3}, "val": {"a": 2, "b": 2, "c": 0}}
    ),
    "folds": Case(
        "fold_1/{a,b}=3 fold_2/{a,b}=3 fold_3/{a,b}=2",
        both(6, 2, "a", "b"),
        (r"fold_3/ validates and fold_1/, fold_2/ train.*--layout",),
        chosen={"inner": only(8, "a", "b"), "train=fold_2+fold_3,val=fold_1": both(5, 3, "a", "b")},
    ),
    "folds beside a test part": Case(
        "Fold1/{a,b}=3 Fold2/{a,b}=2 test/{a,b}=1",
        all_three(3, 2, 1, "a", "b"),
        (r"Fold2/ validates and Fold1/ trains?",),
    ),
    "each fold with parts of its own": Case(
        "fold_1/{train,test}/{a,b}=2 fold_2/{train,test}/{a,b}=2",
        refuses=r"fold_1/ has its own splits.*give one of them",
    ),
    "two test parts": Case(
        "train/{a,b}=3 test/{a,b}=2 holdout/{a,b}=2",
        refuses=r"(test|holdout)/ and (test|holdout)/ are both test folders; keep one of them.*--layout",
        chosen={"train=train,val=holdout,test=test": all_three(3, 2, 2, "a", "b")},
    ),
    "no training part": Case("test/{a,b}=3 dev/{a,b}=2", refuses=r"There is (dev|test)/ but no train/ in"),
    # classes above parts
    "parts below the classes": Case(
        "{cats,dogs}/train=4 {cats,dogs}/test=2", both(4, 2, "cats", "dogs"), (TEST_SERVES,)
    ),
    "parts with an images folder below the classes": Case(
        "{a,b}/train/images=3 {a,b}/val/images=2", both(3, 2, "a", "b")
    ),
    "parts in the names of class folders": Case(
        "Cat_train=4 big_dog_train=4 {Cat,big_dog}_test=2", both(4, 2, "Cat", "big_dog"), (TEST_SERVES,)
    ),
    # classes
    "class folders": Case("{cats,dogs}=3", only(3, "cats", "dogs")),
    "classes called train and val beside another": Case("{bus,train,val}=2", only(2, "bus", "train", "val")),
    "kinds of trains as classes": Case("{freight,passenger}_train=3", only(3, "freight_train", "passenger_train")),
    "images beside annotations": Case(
        "images/{cats,dogs}=3 annotations/#.xml=4",
        only(3, "cats", "dogs"),
        (r"annotations/ beside images/ .*no images",),
    ),
    "sub-folders of different names below the classes": Case(
        "animals/{cats,dogs}=2 plants/{roses,tulips}=2",
        only(4, "animals", "plants"),
        (r"sub-folders.*--layout inner",),
        chosen={"inner": only(2, "cats", "dogs", "roses", "tulips")},
    ),
    "what programs leave behind": Case(
        "{cats,dogs}=3 {cats,dogs}/@eaDir/0.png/THUMB_#.jpg=2 @eaDir=1 lost+found=1 .thumbnails=1 "
        ".ipynb_checkpoints=1 __MACOSX/cats=1 $RECYCLE.BIN=1 System~Volume~Information=1 #recycle/a=1 @Recycle=1 "
        "cats/.@__thumb=1 __pycache__=1 cats/ehthumbs_#.db=1",
        only(3, "cats", "dogs"),
    ),
    "a hidden folder that no program is known to leave": Case(
        "{go,java}=3 .net=3", only(3, "go", "java"), (r"\.net/ is hidden and skipped",)
    ),
    "images and masks in each class": Case(
        "COVID/{images,masks}=3 Normal/{images,masks}=2",
        {"": {"COVID": 3, "Normal": 2}},
        ("masks below the classes are skipped",),
    ),
    "parts further down, beside images without classes": Case(
        "Plants/Plants/train/{a,b}=3 Plants/Plants/valid/{a,b}=2 test/test=3",
        both(3, 2, "a", "b"),
        (r"test/ beside Plants/Plants/ is ignored",),
    ),
    # ambiguous
    "images and masks without classes": Case("{images,masks}=3", refuses="not in class folders"),
    "several sets with parts": Case(
        "2019/{train,val}/{a,b}=2 2020/{train,val}/{a,b}=2",
        refuses=r"2019/, 2020/ each have their own splits.*give one of them",
    ),
    "folders of the same names below others": Case(
        "siteA/{cats,dogs}=3 siteB/{cats,dogs}=2",
        refuses=r"two ways.*cats, dogs.*--layout inner.*siteA, siteB.*--layout classes",
        chosen={
            "inner": only(5, "cats", "dogs"),
            "classes": {"": {"siteA": 6, "siteB": 4}},
            "train=siteA,val=siteB": both(3, 2, "cats", "dogs"),
        },
    ),
    "magnifications below the classes": Case(
        "benign/{40X,100X}=2 malignant/{40X,100X}=2",
        refuses=r"two ways.*--layout inner.*--layout classes",
        chosen={"classes": only(4, "benign", "malignant"), "inner": only(4, "100X", "40X")},
    ),
    "one part below each of several folders": Case(
        "phase1/train/{a,b}=2 phase2/train/{a,b}=2", refuses=r"two ways.*--layout inner.*--layout classes"
    ),
    "a class of trains with sub-folders": Case(
        "bus=3 train/{steam,electric}=3",
        refuses=r"two ways.*--layout parts.*--layout classes",
        chosen={"classes": {"": {"bus": 3, "train": 6}}, "parts": only(3, "electric", "steam")},
    ),
    # classes in file names
    "classes in file names": Case(
        "cat.#.jpg=3 dog.#.jpg=3",
        refuses=r"not in class folders.*cat.*dog.*--layout names",
        chosen={"names": only(3, "cat", "dog")},
    ),
    "classes in file names, with numbers in them": Case(
        "images/Abyssinian_#.jpg=3 images/american_bulldog_#.jpg=3",
        refuses=r"not in class folders.*--layout names",
        chosen={"names": only(3, "Abyssinian", "american_bulldog")},
    ),
    "classes behind the number": Case(
        "#_frog.png=3 #_ship.png=2",
        refuses=r"not in class folders.*--layout names",
        chosen={"names": {"": {"frog": 3, "ship": 2}}},
    ),
    "classes in file names below parts": Case(
        "train/cat.#.jpg=4 train/dog.#.jpg=4 test1=3",
        refuses=r"not in class folders.*--layout names",
        chosen={"names": only(4, "cat", "dog")},
    ),
    "classes in file names in two parts": Case(
        "train/cat.#.jpg=4 train/dog.#.jpg=4 test/cat.#.jpg=2 test/dog.#.jpg=2",
        refuses=r"not in class folders.*--layout names",
        chosen={"names": both(4, 2, "cat", "dog")},
    ),
    "class numbers before the number": Case(
        "training/0_#.jpg=4 training/1_#.jpg=4 evaluation/0_#.jpg=2 evaluation/1_#.jpg=2",
        refuses=r"not in class folders.*--layout names",
        chosen={"names": both(4, 2, "0", "1")},
    ),
    "names that are numbers": Case("#.png=4", refuses="not in class folders"),
    "names of a camera": Case("IMG_#.jpg=4", refuses="not in class folders"),
    "flat parts": Case("Training=4 Testing=4", refuses="not in class folders"),
}
