"""The questions before a call, with their answers, in English and Spanish. Pure.

BAM: Brief Addiction Monitor, U.S. Department of Veterans Affairs, a work of the U.S. government. PHQ-9 and
GAD-7: R. L. Spitzer, J. B. W. Williams, K. Kroenke and colleagues; "no permission required to reproduce,
translate, display or distribute". All are in the public domain. The Spanish texts follow the published
translations; the wording is our own where these are only on paper. The questions under "here" are the
programme's.

An answer is the number of its choice, from 0. The texts are data and not in the translation catalogue: a
questionnaire is a measuring instrument, and its words do not change with the pages around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["en", "es"]


@dataclass(frozen=True, slots=True)
class Text:
    en: str
    es: str

    def of(self, language: str) -> str:
        return self.es if language == "es" else self.en


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    text: Text
    choices: tuple[Text, ...]
    intro: Text | None = None
    only_if: str = ""  # asked only when the answer under this key is not 0

    @property
    def highest(self) -> int:
        return len(self.choices) - 1


VERSION: Final = 1

_MONTH: Final = Text("In the past 30 days", "En los últimos 30 días")
_TWO_WEEKS: Final = Text(
    "Over the last 2 weeks, how often have you been bothered by this?",
    "Durante las últimas 2 semanas, ¿con qué frecuencia ha tenido molestias por esto?",
)
_DAYS: Final = (
    Text("0 days", "0 días"),
    Text("1 to 3 days", "De 1 a 3 días"),
    Text("4 to 8 days", "De 4 a 8 días"),
    Text("9 to 15 days", "De 9 a 15 días"),
    Text("16 to 30 days", "De 16 a 30 días"),
)
_NIGHTS: Final = (
    Text("0 nights", "0 noches"),
    Text("1 to 3 nights", "De 1 a 3 noches"),
    Text("4 to 8 nights", "De 4 a 8 noches"),
    Text("9 to 15 nights", "De 9 a 15 noches"),
    Text("16 to 30 nights", "De 16 a 30 noches"),
)
_EXTENT: Final = (
    Text("Not at all", "Nada"),
    Text("Slightly", "Un poco"),
    Text("Moderately", "Moderadamente"),
    Text("Considerably", "Bastante"),
    Text("Extremely", "Muchísimo"),
)
_OFTEN: Final = (
    Text("Not at all", "Ningún día"),
    Text("Several days", "Varios días"),
    Text("More than half the days", "Más de la mitad de los días"),
    Text("Nearly every day", "Casi todos los días"),
)
_NO_YES: Final = (Text("No", "No"), Text("Yes", "Sí"))


def _bam(number: str, en: str, es: str, choices: tuple[Text, ...], only_if: str = "") -> Question:
    return Question(f"bam{number}", Text(en, es), choices, _MONTH, only_if)


HERE: Final = (
    Question(
        "danger",
        Text("Are you in danger right now?", "¿Está en peligro en este momento?"),
        _NO_YES,
        Text("First, are you safe?", "Primero, ¿está a salvo?"),
    ),
    Question(
        "overdose",
        Text(
            "Have you had an overdose since we last talked?",
            "¿Ha tenido una sobredosis desde la última vez que hablamos?",
        ),
        _NO_YES,
    ),
)

BAM: Final = (
    _bam(
        "1",
        "Would you say your physical health has been …",
        "¿Diría que su salud física ha sido …",
        (
            Text("Excellent", "Excelente"),
            Text("Very good", "Muy buena"),
            Text("Good", "Buena"),
            Text("Fair", "Regular"),
            Text("Poor", "Mala"),
        ),
    ),
    _bam(
        "2",
        "How many nights did you have trouble falling asleep or staying asleep?",
        "¿Cuántas noches tuvo problemas para dormirse o para mantenerse dormido?",
        _NIGHTS,
    ),
    _bam(
        "3",
        "How many days have you felt depressed, anxious, angry or very upset throughout most of the day?",
        "¿Cuántos días se ha sentido deprimido, ansioso, enojado o muy alterado la mayor parte del día?",
        _DAYS,
    ),
    _bam("4", "How many days did you drink any alcohol?", "¿Cuántos días bebió algo de alcohol?", _DAYS),
    _bam(
        "5",
        "How many days did you have at least 5 drinks (if you are a man) or at least 4 drinks (if you are a woman)?",
        "¿Cuántos días tomó al menos 5 tragos (si es hombre) o al menos 4 tragos (si es mujer)?",
        _DAYS,
        only_if="bam4",
    ),
    _bam(
        "6",
        "How many days did you use any illegal or street drugs, or abuse any prescription medications?",
        "¿Cuántos días usó drogas ilegales o de la calle, o abusó de medicamentos recetados?",
        _DAYS,
    ),
    _bam("7a", "How many days did you use marijuana?", "¿Cuántos días usó marihuana?", _DAYS, "bam6"),
    _bam(
        "7b",
        "How many days did you use sedatives or tranquilizers?",
        "¿Cuántos días usó sedantes o tranquilizantes?",
        _DAYS,
        "bam6",
    ),
    _bam(
        "7c",
        "How many days did you use cocaine or crack?",
        "¿Cuántos días usó cocaína o crack?",
        _DAYS,
        "bam6",
    ),
    _bam(
        "7d",
        "How many days did you use other stimulants, such as amphetamines?",
        "¿Cuántos días usó otros estimulantes, como anfetaminas?",
        _DAYS,
        "bam6",
    ),
    _bam(
        "7e",
        "How many days did you use opiates, such as heroin, fentanyl or pain pills?",
        "¿Cuántos días usó opiáceos, como heroína, fentanilo o pastillas para el dolor?",
        _DAYS,
        "bam6",
    ),
    _bam(
        "7f",
        "How many days did you use inhalants?",
        "¿Cuántos días usó inhalantes?",
        _DAYS,
        "bam6",
    ),
    _bam("7g", "How many days did you use other drugs?", "¿Cuántos días usó otras drogas?", _DAYS, "bam6"),
    _bam(
        "8",
        "How much were you bothered by cravings or urges to drink alcohol or use drugs?",
        "¿Cuánto le molestaron las ansias o los impulsos de beber alcohol o usar drogas?",
        _EXTENT,
    ),
    _bam(
        "9",
        "How confident are you that you will not use alcohol or drugs in the next 30 days?",
        "¿Qué tan seguro está de que no usará alcohol ni drogas en los próximos 30 días?",
        _EXTENT,
    ),
    _bam(
        "10",
        "How many days did you attend self-help meetings, like AA or NA, to support your recovery?",
        "¿Cuántos días asistió a reuniones de ayuda mutua, como AA o NA, para apoyar su recuperación?",
        _DAYS,
    ),
    _bam(
        "11",
        "How many days were you in situations or with people that might put you at a higher risk of using alcohol or drugs?",
        "¿Cuántos días estuvo en situaciones o con personas que podrían aumentar su riesgo de usar alcohol o drogas?",
        _DAYS,
    ),
    _bam(
        "12",
        "Does your religion or spirituality help support your recovery?",
        "¿Su religión o espiritualidad le ayuda en su recuperación?",
        _EXTENT,
    ),
    _bam(
        "13",
        "How many days did you spend much of the time at work, school or doing volunteer work?",
        "¿Cuántos días pasó gran parte del tiempo en el trabajo, la escuela o como voluntario?",
        _DAYS,
    ),
    _bam(
        "14",
        "Do you have enough income, from legal sources, to pay for what you and your family need?",
        "¿Tiene suficientes ingresos, de fuentes legales, para pagar lo que usted y su familia necesitan?",
        _NO_YES,
    ),
    _bam(
        "15",
        "How much have you been bothered by arguments or problems with family members or friends?",
        "¿Cuánto le han molestado las discusiones o los problemas con familiares o amigos?",
        _EXTENT,
    ),
    _bam(
        "16",
        "How many days did you contact or spend time with family members or friends who support your recovery?",
        "¿Cuántos días habló o pasó tiempo con familiares o amigos que apoyan su recuperación?",
        _DAYS,
    ),
    _bam(
        "17",
        "How satisfied are you with your progress toward your recovery goals?",
        "¿Qué tan satisfecho está con su avance hacia sus metas de recuperación?",
        _EXTENT,
    ),
)


def _scale(prefix: str, texts: tuple[tuple[str, str], ...]) -> tuple[Question, ...]:
    return tuple(
        Question(f"{prefix}_{number}", Text(en, es), _OFTEN, _TWO_WEEKS)
        for number, (en, es) in enumerate(texts, start=1)
    )


PHQ9: Final = _scale(
    "phq9",
    (
        ("Little interest or pleasure in doing things", "Poco interés o placer en hacer cosas"),
        ("Feeling down, depressed, or hopeless", "Se ha sentido decaído, deprimido o sin esperanzas"),
        (
            "Trouble falling or staying asleep, or sleeping too much",
            "Ha tenido dificultad para quedarse o permanecer dormido, o ha dormido demasiado",
        ),
        ("Feeling tired or having little energy", "Se ha sentido cansado o con poca energía"),
        ("Poor appetite or overeating", "Sin apetito o ha comido en exceso"),
        (
            "Feeling bad about yourself, or that you are a failure or have let yourself or your family down",
            "Se ha sentido mal con usted mismo, o que es un fracaso o que ha quedado mal con usted mismo o con su familia",
        ),
        (
            "Trouble concentrating on things, such as reading the newspaper or watching television",
            "Ha tenido dificultad para concentrarse en ciertas actividades, tales como leer el periódico o ver la televisión",
        ),
        (
            "Moving or speaking so slowly that other people could have noticed? Or the opposite: being so fidgety or "
            "restless that you have been moving around a lot more than usual",
            "¿Se ha movido o hablado tan lento que otras personas podrían haberlo notado? O lo contrario: muy inquieto o "
            "agitado que ha estado moviéndose mucho más de lo normal",
        ),
        (
            "Thoughts that you would be better off dead, or of hurting yourself in some way",
            "Pensamientos de que estaría mejor muerto o de lastimarse de alguna manera",
        ),
    ),
)

GAD7: Final = _scale(
    "gad7",
    (
        ("Feeling nervous, anxious, or on edge", "Sentirse nervioso, ansioso o con los nervios de punta"),
        (
            "Not being able to stop or control worrying",
            "No poder dejar de preocuparse o no poder controlar la preocupación",
        ),
        ("Worrying too much about different things", "Preocuparse demasiado por diferentes cosas"),
        ("Trouble relaxing", "Tener dificultad para relajarse"),
        (
            "Being so restless that it is hard to sit still",
            "Estar tan inquieto que es difícil permanecer sentado tranquilamente",
        ),
        ("Becoming easily annoyed or irritable", "Molestarse o ponerse irritable fácilmente"),
        (
            "Feeling afraid, as if something awful might happen",
            "Sentir miedo, como si algo terrible pudiera pasar",
        ),
    ),
)

LAST: Final = (
    Question(
        "medication",
        Text("Are you taking your medication as agreed?", "¿Toma sus medicamentos como se acordó?"),
        (
            Text("Yes, or I have none", "Sí, o no tengo"),
            Text("Mostly", "Casi siempre"),
            Text("No", "No"),
        ),
    ),
    Question(
        "housing",
        Text("Do you have a safe place to live?", "¿Tiene un lugar seguro donde vivir?"),
        (
            Text("Yes", "Sí"),
            Text("For now, but I worry about it", "Por ahora, pero me preocupa"),
            Text("No", "No"),
        ),
    ),
    Question(
        "wish",
        Text("Would you like more help?", "¿Quisiera más ayuda?"),
        (
            Text("The next call is enough", "La próxima llamada es suficiente"),
            Text("Please call me sooner", "Por favor, llámenme antes"),
            Text("I would like treatment again", "Quisiera tratamiento otra vez"),
        ),
    ),
)

# Safety first: whoever closes the page half way has at least been asked.
FORM: Final = (*HERE, *BAM, *PHQ9, *GAD7, *LAST)
BY_KEY: Final[dict[str, Question]] = {question.key: question for question in FORM}
# Asked by the caller, before anything else, whatever the form says.
INTERVIEW: Final = tuple(
    BY_KEY[key] for key in ("danger", "overdose", "phq9_9", "bam4", "bam6", "bam8", "wish")
)

BAM_RISK: Final = ("bam1", "bam2", "bam3", "bam8", "bam11", "bam15")
BAM_PROTECTIVE: Final = ("bam9", "bam10", "bam12", "bam13", "bam14", "bam16")
BAM_USE: Final = ("bam4", "bam5", "bam6")
BAM_DRUGS: Final = tuple(question.key for question in BAM if question.key.startswith("bam7"))


def asked(answers: dict[str, int]) -> tuple[Question, ...]:
    """The questions of the form, given the answers so far: what hangs on a "no" is left out."""
    return tuple(
        question for question in FORM if not question.only_if or answers.get(question.only_if, 0) > 0
    )


def points(key: str, answer: int) -> int:
    """What an answer counts. BAM item 14 has two choices and counts as the ends of the scale."""
    return answer * 4 if key == "bam14" else answer


def valid(answers: object) -> dict[str, int]:
    """The answers as a mapping from keys to choices.

    Raises ValueError for an unknown key or a choice that the question does not have.
    """
    if not isinstance(answers, dict):
        raise ValueError("answers are a mapping")
    for key, answer in answers.items():
        question = BY_KEY.get(key)
        if question is None or type(answer) is not int or not 0 <= answer <= question.highest:
            raise ValueError("no such answer")
    return dict(answers)
