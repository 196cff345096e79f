"""Cases of saving scikit-learn models, run by the Python of the kernels' environment.

Each trains a real model, saves it as ``model`` and, where that goes well,
returns how far the saved model is from the original on rows that were not in
the sample.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from case_runner import case, compute, largest_difference, main
from scipy import sparse
from sklearn import (
    cluster,
    compose,
    datasets,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    gaussian_process,
    impute,
    linear_model,
    mixture,
    model_selection,
    multioutput,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.base import BaseEstimator, TransformerMixin

from notebook_runner import save_model
from notebook_runner.errors import ModelError

IRIS, KIND = datasets.load_iris(return_X_y=True)
# New rows, of numbers that single precision can hold.
NEW = (IRIS + 0.05).astype("f4").astype("f8")
DIABETES, PROGRESS = datasets.load_diabetes(return_X_y=True)
DIABETES = DIABETES.astype("f4").astype("f8")
NEW_DIABETES = (DIABETES + 0.01).astype("f4").astype("f8")
DIGITS, DIGIT = (a[:600] for a in datasets.load_digits(return_X_y=True))
PEOPLE = pd.DataFrame(
    {
        "age": [31.5, 20.0, 55.0, 41.0] * 20,
        "children": [0, 1, 3, 2] * 20,
        "city": ["Oslo", "Łódź", "Rome", "Oslo"] * 20,
        "smokes": [True, False, False, True] * 20,
    }
)
HEALTHY = np.array([0, 1, 1, 0] * 20)
TEXTS = ["the cat sat", "ÇA VA, dog", "cat and DOG", "the dog sat on a cat"] * 5
ABOUT = np.array(["cat", "dog", "both", "both"] * 5)


def labels_agree(given, expected):
    return bool((np.asarray(given).reshape(np.shape(expected)) == expected).all())


def classify(model, new, batch=None):
    """Save a fitted classifier and compare it on new rows."""
    file = save_model(model, "model", IRIS if batch is None else batch)
    given = compute(file, {"X": np.asarray(new)})
    agreement = {"labels_equal": labels_agree(given["label"], model.predict(new))}
    if "probabilities" in given:
        expected = model.predict_proba(new)
        agreement["difference"] = largest_difference(given["probabilities"], expected)
    return agreement


def regress(model, new, batch):
    file = save_model(model, "model", batch)
    given = compute(file, {"X": new})["prediction"]
    return {"difference": largest_difference(given, model.predict(new))}


# ---- classifiers ------------------------------------------------------------------


@case
def logistic_regression():
    return classify(linear_model.LogisticRegression(max_iter=500).fit(IRIS, KIND), NEW)


@case
def labels_are_texts():
    labels = np.array(["setosa", "versicolor", "virginicä"])[KIND]
    model = ensemble.GradientBoostingClassifier(n_estimators=5).fit(IRIS, labels)
    return classify(model, NEW)


@case
def labels_are_bools():
    return classify(linear_model.LogisticRegression().fit(IRIS, KIND == 1), NEW)


@case
def scores_instead_of_probabilities():
    model = svm.LinearSVC().fit(IRIS, KIND)
    return classify(model, NEW)


def decide(model):
    """Save a classifier of two classes without probabilities; compare its one score."""
    model.fit(IRIS, KIND == 1)
    given = compute(save_model(model, "model", IRIS), {"X": NEW})
    return {
        "labels_equal": labels_agree(given["label"], model.predict(NEW)),
        "difference": largest_difference(given["scores"], model.decision_function(NEW)),
    }


@case
def one_score_of_a_support_vector_machine():
    return decide(svm.SVC())


@case
def one_score_of_a_linear_machine():
    return decide(svm.LinearSVC())


@case
def one_score_of_a_ridge():
    return decide(linear_model.RidgeClassifier())


@case
def one_score_of_gradient_descent():
    return decide(linear_model.SGDClassifier(random_state=0))


@case
def random_forest_classifier():
    model = ensemble.RandomForestClassifier(20, random_state=0).fit(DIGITS, DIGIT)
    return classify(model, DIGITS[::2] + 0.5, DIGITS)


@case
def histogram_gradient_boosting_classifier():
    model = ensemble.HistGradientBoostingClassifier(max_iter=5).fit(IRIS, KIND)
    return classify(model, NEW)


@case
def neural_network_in_a_pipeline():
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(),
        decomposition.PCA(20),
        neural_network.MLPClassifier((16,), max_iter=30, random_state=0),
    ).fit(DIGITS, DIGIT)
    return classify(model, DIGITS[::2] + 0.5, DIGITS)


@case
def nearest_neighbours():
    batch = IRIS + np.random.default_rng(0).normal(scale=1e-3, size=IRIS.shape)
    return classify(neighbors.KNeighborsClassifier().fit(batch, KIND), NEW, batch)


@case
def grid_search_over_a_pipeline():
    steps = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression()
    )
    grid = {"logisticregression__C": [0.1, 1.0]}
    return classify(model_selection.GridSearchCV(steps, grid, cv=3).fit(IRIS, KIND), NEW)


@case
def stacking():
    parts = [
        ("linear", linear_model.LogisticRegression(max_iter=500)),
        ("tree", tree.DecisionTreeClassifier(max_depth=3)),
    ]
    return classify(ensemble.StackingClassifier(parts, cv=3).fit(IRIS, KIND), NEW)


@case
def several_targets_of_several_models():
    targets = np.c_[KIND, IRIS[:, 0] > 5.8]
    model = multioutput.MultiOutputClassifier(linear_model.LogisticRegression(max_iter=500))
    save_model(model.fit(IRIS, targets), "model", IRIS)


# ---- regressors -------------------------------------------------------------------


@case
def ridge():
    return regress(linear_model.Ridge().fit(DIABETES, PROGRESS), NEW_DIABETES, DIABETES)


@case
def single_precision_stays_single():
    batch = DIABETES.astype(np.float32)
    return regress(linear_model.Ridge().fit(batch, PROGRESS), batch + 0.01, batch)


@case
def random_forest_regressor():
    model = ensemble.RandomForestRegressor(20, random_state=0).fit(DIABETES, PROGRESS)
    return regress(model, NEW_DIABETES, DIABETES)


@case
def histogram_gradient_boosting_with_missing_values():
    batch = DIABETES.copy()
    batch[::3, 2] = np.nan
    model = ensemble.HistGradientBoostingRegressor(max_iter=10).fit(batch, PROGRESS)
    return regress(model, batch[::-1], batch)


@case
def support_vector_regression():
    model = svm.SVR().fit(DIABETES, PROGRESS)
    return regress(model, NEW_DIABETES, DIABETES)


@case
def gaussian_process_regression():
    model = gaussian_process.GaussianProcessRegressor(alpha=0.1).fit(IRIS[:, :3], IRIS[:, 3])
    return regress(model, NEW[:, :3], IRIS[:, :3])


@case
def several_numbers_predicted():
    targets = np.c_[PROGRESS, -PROGRESS / 1000]
    model = multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(DIABETES, targets)
    return regress(model, NEW_DIABETES, DIABETES)


@case
def features_far_from_zero_need_double_precision():
    """Single precision has no digits left for a tenth on top of a million."""
    batch = IRIS + 1e7
    steps = (preprocessing.StandardScaler(), linear_model.LinearRegression())
    model = pipeline.make_pipeline(*steps).fit(batch, KIND)
    return regress(model, batch + 0.01, batch)


# ---- clusterers, outliers, transformers -------------------------------------------


@case
def k_means():
    model = cluster.KMeans(3, random_state=0, n_init=3).fit(IRIS)
    given = compute(save_model(model, "model", IRIS), {"X": NEW})
    return {
        "labels_equal": bool((given["label"] == model.predict(NEW)).all()),
        "difference": largest_difference(given["distances"], model.transform(NEW)),
    }


@case
def gaussian_mixture():
    return classify(mixture.GaussianMixture(3, random_state=0).fit(IRIS), NEW)


@case
def isolation_forest():
    model = ensemble.IsolationForest(n_estimators=5, random_state=0).fit(IRIS)
    new = NEW
    given = compute(save_model(model, "model", IRIS), {"X": new})
    return {"difference": largest_difference(given["scores"], model.decision_function(new))}


@case
def labels_on_the_edge_are_ties():
    """The support vectors of a one-class SVM lie on its boundary."""
    save_model(svm.OneClassSVM().fit(IRIS), "model", IRIS)


@case
def principal_components():
    """Some pixels are never lit, so that the last components are round-off and nothing else."""
    model = decomposition.PCA().fit(DIGITS)
    given = compute(save_model(model, "model", DIGITS), {"X": DIGITS + 0.5})
    return {"difference": largest_difference(given["transformed"], model.transform(DIGITS + 0.5))}


# ---- samples of all kinds ---------------------------------------------------------


@case
def texts():
    model = pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(), linear_model.LogisticRegression()
    ).fit(TEXTS, ABOUT)
    file = save_model(model, "model", TEXTS)
    new = ["The Dog and the dog", "ça va", "unknown words only"]
    given = compute(file, {"X": np.array(new, dtype=object)})
    return {
        "labels_equal": labels_agree(given["label"], model.predict(new)),
        "difference": largest_difference(given["probabilities"], model.predict_proba(new)),
    }


@case
def texts_of_pandas():
    model = pipeline.make_pipeline(
        feature_extraction.text.CountVectorizer(), linear_model.LogisticRegression()
    )
    save_model(model.fit(TEXTS, ABOUT), "model", pd.Series(TEXTS, name="text"))


def people_pipeline():
    columns = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["city"]),
        (preprocessing.StandardScaler(), ["age", "children"]),
        (preprocessing.OneHotEncoder(), ["smokes"]),
    )
    return pipeline.make_pipeline(columns, linear_model.LogisticRegression())


@case
def columns_of_a_table():
    model = people_pipeline().fit(PEOPLE, HEALTHY)
    file = save_model(model, "model", PEOPLE)
    new = PEOPLE.head(4).assign(city=["Rome", "Paris", "Oslo", "Łódź"], age=[1.0, 99.0, 40.0, 5.5])
    given = compute(file, {name: new[[name]].to_numpy() for name in new})
    return {
        "labels_equal": labels_agree(given["label"], model.predict(new)),
        "difference": largest_difference(given["probabilities"], model.predict_proba(new)),
    }


@case
def columns_that_are_not_used():
    columns = compose.make_column_transformer((preprocessing.StandardScaler(), ["age"]))
    model = pipeline.make_pipeline(columns, linear_model.Ridge()).fit(PEOPLE, HEALTHY)
    save_model(model, "model", PEOPLE)


@case
def texts_in_an_array():
    batch = PEOPLE[["city"]].to_numpy(dtype=str)
    steps = (preprocessing.OneHotEncoder(), linear_model.LogisticRegression())
    save_model(pipeline.make_pipeline(*steps).fit(batch, HEALTHY), "model", batch)


@case
def columns_by_their_positions():
    columns = compose.make_column_transformer(
        (preprocessing.StandardScaler(), [0, 1]), ("passthrough", [2, 3])
    )
    return regress(pipeline.make_pipeline(columns, linear_model.Ridge()).fit(IRIS, KIND), NEW, IRIS)


@case
def categories_of_pandas():
    columns = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(), ["city"]), ("passthrough", ["age"])
    )
    frame = PEOPLE[["city", "age"]].astype({"city": "category"})
    model = pipeline.make_pipeline(columns, linear_model.Ridge()).fit(frame, HEALTHY)
    save_model(model, "model", frame)


@case
def a_column_called_as_an_output():
    frame = PEOPLE.rename(columns={"city": "label"})[["label", "age"]]
    columns = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(), ["label"]), ("passthrough", ["age"])
    )
    model = pipeline.make_pipeline(columns, linear_model.LogisticRegression()).fit(frame, HEALTHY)
    save_model(model, "model", frame)


@case
def a_table_of_numbers():
    frame = pd.DataFrame(IRIS, columns=["sepal length (cm)", "b", "c", "d"])
    model = pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression()
    ).fit(frame, KIND)
    file = save_model(model, "model", frame)
    given = compute(file, {"X": NEW})["probabilities"]
    expected = model.predict_proba(pd.DataFrame(NEW, columns=frame.columns))
    return {"difference": largest_difference(given, expected)}


@case
def missing_numbers_of_pandas():
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 4] * 5, dtype="Int64"), "b": [0.5] * 20})
    model = pipeline.make_pipeline(impute.SimpleImputer(), linear_model.Ridge())
    save_model(model.fit(frame, np.arange(20)), "model", frame)


@case
def whole_numbers():
    batch = DIGITS.astype(np.int64)
    return classify(linear_model.LogisticRegression(max_iter=50).fit(batch, DIGIT), batch, batch)


@case
def bytes_of_an_image():
    batch = DIGITS.astype(np.uint8)
    model = linear_model.LogisticRegression(max_iter=50).fit(batch, DIGIT)
    save_model(model, "model", batch)


@case
def a_sparse_matrix():
    batch = sparse.csr_matrix(DIGITS)
    model = linear_model.LogisticRegression(max_iter=50).fit(batch, DIGIT)
    return classify(model, DIGITS, batch)


@case
def lists_of_numbers():
    return regress(linear_model.Ridge().fit(IRIS, KIND), NEW, IRIS.tolist())


@case
def one_row():
    return regress(linear_model.Ridge().fit(DIABETES, PROGRESS), DIABETES, DIABETES[:1])


@case
def many_rows():
    batch = np.tile(DIABETES, (20, 1))
    return regress(linear_model.Ridge().fit(DIABETES, PROGRESS), DIABETES, batch)


@case
def opset_of_choice():
    save_model(linear_model.Ridge().fit(IRIS, KIND), "model", IRIS, opset=11)


@case
def name_with_extension():
    return save_model(linear_model.Ridge().fit(IRIS, KIND), "model.onnx", IRIS).name


@case
def path_returned():
    path = save_model(linear_model.Ridge().fit(IRIS, KIND), "model", IRIS)
    return path == Path.cwd() / "outputs" / "models" / "model.onnx"


@case
def says_nothing():
    """What is written to stderr while a model is saved for which a second plan is needed."""
    save_model(ensemble.RandomForestRegressor(3).fit(IRIS, KIND), "model", IRIS)


# ---- what is refused --------------------------------------------------------------


@case
def refused_no_predict():
    save_model(cluster.DBSCAN().fit(IRIS), "model", IRIS)


@case
def refused_no_converter():
    save_model(cluster.Birch().fit(IRIS), "model", IRIS)


class Doubler(TransformerMixin, BaseEstimator):
    """A step of the notebook's own."""

    def fit(self, values, target=None):
        self.fitted_ = True
        return self

    def transform(self, values):
        return 2 * np.asarray(values)


@case
def refused_own_step():
    save_model(
        pipeline.make_pipeline(Doubler(), linear_model.Ridge()).fit(IRIS, KIND), "model", IRIS
    )


class Tripler(Doubler):
    """A step with a converter, which is wrong."""

    def transform(self, values):
        return 3 * np.asarray(values)


@case
def refused_wrong_conversion():
    """The converter that is registered for the step multiplies by 3.01."""
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import OnnxMul

    def shape(operator):
        operator.outputs[0].type = operator.inputs[0].type

    def convert(scope, operator, container):
        factor = np.array([3.01], dtype=np.float64)
        OnnxMul(
            operator.inputs[0], factor, output_names=operator.outputs[:1], op_version=14
        ).add_to(scope, container)

    update_registered_converter(Tripler, "NotebookTripler", shape, convert)
    save_model(Tripler().fit(IRIS), "model", IRIS)


@case
def refused_conversion_keeps_the_file_before():
    file = save_model(linear_model.Ridge().fit(IRIS, KIND), "model", IRIS)
    before = file.read_bytes()
    try:
        save_model(Tripler().fit(IRIS), "model", IRIS)
    except ModelError:
        return file.read_bytes() == before


@case
def accepted_with_a_tolerance_of_choice():
    save_model(Tripler().fit(IRIS), "model", IRIS, relative=0.01)


@case
def refused_output_of_another_shape():
    """skl2onnx converts several labels of a perceptron as if they were two classes each."""
    targets = np.c_[KIND == 1, IRIS[:, 0] > 5.8].astype(int)
    save_model(neural_network.MLPClassifier((4,), max_iter=20).fit(IRIS, targets), "model", IRIS)


@case
def refused_ties_between_neighbours():
    """Of neighbours at the same distance, scikit-learn and onnxruntime take different ones."""
    save_model(neighbors.KNeighborsClassifier().fit(IRIS, KIND), "model", IRIS)


@case
def refused_labels_side_by_side():
    """skl2onnx lays the labels of this model out as a row."""
    model = discriminant_analysis.QuadraticDiscriminantAnalysis().fit(IRIS, KIND)
    save_model(model, "model", IRIS)


@case
def refused_not_fitted():
    save_model(linear_model.LogisticRegression(), "model", IRIS)


@case
def refused_class():
    save_model(linear_model.LogisticRegression, "model", IRIS)


@case
def refused_framework():
    save_model({"weights": [1, 2]}, "model", IRIS)


FITTED = linear_model.LogisticRegression(max_iter=500).fit(IRIS, KIND)
SAMPLES = {
    "other_columns": IRIS[:, :3],
    "one_dimension": IRIS[0],
    "no_rows": IRIS[:0],
    "no_rows_list": [],
    "none": None,
    "text": "setosa",
    "dict": {"a": IRIS},
    "number": 3.5,
    "ragged": [[1.0, 2.0], [3.0]],
    "mixed": np.array([["a", 1.5]], dtype=object),
    "complex": IRIS.astype(complex),
    "dates": pd.DataFrame({"when": pd.to_datetime(["2024-01-01"] * 5)}),
    "missing_text": PEOPLE.assign(city=["Oslo", None, "Rome", "Oslo"] * 20),
    "same_columns": pd.DataFrame(IRIS, columns=["a", "a", "b", "c"]),
    "texts_for_numbers": TEXTS,
}


def refuse_sample(sample):
    return lambda: save_model(FITTED, "model", sample)


for _name, _sample in SAMPLES.items():
    _case = refuse_sample(_sample)
    _case.__name__ = f"refused_sample_{_name}"
    case(_case)


if __name__ == "__main__":
    main()
