"""Which of two classes is the one with a finding (a defect, a disease), by their names in several languages."""

import re
import unicodedata


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


POSITIVE = _words(
    "positive pos abnormal abnormality anomaly anomalous defect defective defects lesion tumor tumour fault faulty "
    "cancer cancerous crack cracked cracks malignant melanoma carcinoma pneumonia covid covid19 tuberculosis disease "
    "diseased sick ill unhealthy infected infection damage damaged broken bad ng fail failed reject rejected fracture "
    "fractured pathological pathology hemorrhage haemorrhage stroke parasitized leak corrosion rust rusty scratch "
    "scratched dent hole stain fire smoke fake forged fraud spam rotten stale pest drowsy weed "
    "metastasis metastatic neoplasm adenocarcinoma sarcoma lymphoma glioma leukemia effusion edema cardiomegaly nodule "
    "mass polyp ulcer plaque stenosis aneurysm bleeding bleed retinopathy glaucoma cataract blight mildew wilt mould "
    "mold parasite contaminated contamination porosity pothole spalling delamination burr missing misaligned crooked "
    "torn spoiled deepfake tampered attack intrusion violation unsafe danger dangerous hazard overload worn wear "
    "erosion hotspot flaw flawed imperfect deviant symptomatic affected "
    "defekt krank schaden fehler fehlerhaft schlecht riss bösartig auffällig beschädigt kaputt krebs befallen rost "
    "kratzer bruch gerissen infiziert verdächtig erkrankt ausschuss "  # German
    "malade anormal défaut défectueux fissure cancéreux maligne "  # French, Portuguese
    "enfermo enferma defecto defectuoso grieta maligno roto dañado "  # Spanish
    "malato difetto difettoso doente defeituoso"  # Italian, Portuguese
)

NEGATIVE = _words(
    "normal healthy negative neg none control controls ok okay good benign intact clean clear background pass passed "
    "accept accepted sound undamaged uninfected nondefective nontumor noncancer regular genuine authentic real "
    "original fresh safe unaffected uncracked nofinding nothing noncovid noncancerous nonfractured nondiseased "
    "unremarkable asymptomatic flawless perfect conforming uninjured unbroken nontumorous "
    "gesund gut unauffällig heil gutartig fehlerfrei "  # German
    "sain saine normale bon bonne bénin "  # French
    "sano sana bueno buena benigno sin "  # Spanish
    "sadio saudável bom boa sem "  # Portuguese
    "buono integro"  # Italian
)

_NOT = _words("no not non without un free kein keine ohne nicht sans pas senza")


def meaning(name: str) -> int:
    """1 where a class name says that there is a finding, -1 where it says that there is none, 0 where it says neither.

    Args:
        name: str. `no_crack`, `Defective`, `tumour-free`.
    """
    words = re.findall(r"[^\W\d_]+\d*", unicodedata.normalize("NFC", name).casefold())
    if _NOT & set(words) and (POSITIVE & set(words) or len(words) == 1):
        return -1
    found = [1 if word in POSITIVE else -1 for word in words if word in POSITIVE or word in NEGATIVE]
    return found[-1] if found and len(set(found)) == 1 else 0


def is_inverted(first: str, second: str) -> bool:
    """Whether of two classes, in their order, the first is the one with a finding."""
    return meaning(first) > meaning(second)
