"""How JupyterLab serves in the images. What a person puts into ~/.jupyter goes before this."""

c = get_config()  # noqa: F821 - Jupyter calls this file with it

# ---- what is loaded ---------------------------------------------------------------

# These take seconds and memory at every start: each is loaded by the first request below its
# URLs. `jupyter server extension list` shows them as enabled, which they are.
c.LazyExtensions.prefixes = {
    "elyra": ["elyra", "static/elyra"],
    "jupyter_scheduler": ["scheduler"],
    "jupyterlab_git": ["git"],
    "jupyterlab_nvdashboard": ["nvdashboard"],
    "nbdime": ["nbdime"],
    "voila.server_extension": ["voila"],
}
# No language server is installed, and there is no classic Notebook.
NEVER = ["jupyter_lsp", "notebook_shim"]
c.ServerApp.jpserver_extensions = dict.fromkeys([*c.LazyExtensions.prefixes, *NEVER], False)

# Elyra's other runtimes, Kubeflow and Airflow, import hundreds of modules.
c.PipelineProcessorRegistry.runtimes = ["local"]
# At its usual level it writes the configuration into the log, tokens included.
c.ElyraApp.log_level = "WARN"
# Nobody collects them, and they are renewed every second.
c.ResourceUseDisplay.enable_prometheus_metrics = False


# ---- no network -------------------------------------------------------------------

c.LabApp.extension_manager = "readonly"
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None

# ---- kernels and terminals --------------------------------------------------------

# Kernels are those of JUPYTER_PATH, never the server's own Python.
c.KernelSpecManager.ensure_native_kernel = False
# Not a login shell: that would reset the PATH, and `python` be the system's.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}

# ---- files ------------------------------------------------------------------------

# Which image a notebook was saved in travels with it.
c.FileContentsManager.pre_save_hook = "notebook_runner.lab.image_pin.pin_notebook"
# A trash on a mounted folder would be a hidden folder that nobody empties.
c.FileContentsManager.delete_to_trash = False
