"""Names that filters of the old client take without saying what they belong to."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OF_RUN_TABLE = _words("run_number")
OF_DATASET_TABLE = _words("dataset_name run_number")
OF_RR = _words(
    """
    class run_needs_to_be_updated_manually short_run significant state stop_reason
    """
)
OF_OMS = _words(
    """
    b_field beams_present_and_stable castor_included clock_type cmssw_version components
    cow_included csc_efed_included csc_included ctpps_included ctpps_tot_included
    daq_included dcs_included delivered_lumi dqm_included dt_efed_included dt_included
    duration ecal_efed_included ecal_included efed_included end_lumi end_time energy
    es_included fill_number fill_type_party1 fill_type_party2 fill_type_runtime gem_included
    hcal_efed_included hcal_included hf_included hflumi_included hlt_key hlt_physics_counter
    hlt_physics_rate hlt_physics_size hlt_physics_throughput init_lumi
    initial_prescale_index injection_scheme l1_hlt_mode l1_hlt_mode_stripped l1_key
    l1_key_stripped l1_menu l1_rate l1_triggers_counter last_update ls_duration ltc_included
    lumi_included pixel_included pixel_up_included recorded_lumi rpc_efed_included
    rpc_included run_number scal_included sequence stable_beam start_time tcds_included
    tier0_transfer totem_included tracker_efed_included tracker_included trg_efed_included
    trg_included trigger_mode
    """
)
OF_DATASET = _words(
    """
    appeared_in btag_state castor_state cms_state csc_state ctpps_state dt_state ecal_state
    egamma_state global_state hcal_state hlt_state jetmet_state l1t_state lumi_state
    muon_state rpc_state tau_state tracker_state
    """
)
_COLUMNS = """
    btag-btag castor-castor cms-cms csc-csc csc-efficiency csc-gasgains csc-integrity
    csc-occupancy csc-pedestals csc-resolution csc-segments csc-strips csc-timing
    ctpps-ctpps ctpps-rp45_220 ctpps-rp45_cyl ctpps-rp56_210 ctpps-rp56_220 ctpps-rp56_cyl
    dt-dt ecal-analysis ecal-collisions ecal-ebm ecal-ebp ecal-ecal ecal-eem ecal-eep
    ecal-es ecal-esm ecal-esp ecal-laser ecal-noise ecal-preshower ecal-timing ecal-tpg
    egamma-egamma hcal-hb hcal-hcal hcal-he hcal-hf hcal-ho0 hcal-ho12 hlt-bjets
    hlt-electrons hlt-hlt hlt-jetmet hlt-muons hlt-photons hlt-tau hlt-technical
    jetmet-jetmet l1t-bcs_tech l1t-bptx_tech l1t-e_gamma l1t-energy_sums l1t-hf_tech l1t-l1t
    l1t-l1tcalo l1t-l1tmu l1t-muon_csc l1t-muon_dt l1t-muon_rpc l1t-rpc_tech l1t-software
    lumi-lumi rpc-elog rpc-feb rpc-hv rpc-lv rpc-noise rpc-rpc tau-tau tracker-strip
"""
RUN_COLUMNS = _words(
    f"""{_COLUMNS}
    csc-csctf csc-ddus csc-mem csc-mep csc-triggerpe ctpps-rp45_210 egamma-es hcal-hbls
    hcal-hels hcal-hfls hcal-ho0ls hcal-ho12ls hlt-global l1t-hf_rings l1t-jet l1t-muon
    rpc-strip tracker-pixel
    """
)
DATASET_COLUMNS = _words(
    f"""{_COLUMNS}
    cms-infrastructure csc-tf csc-triggergpe hcal-hb_ls hcal-he_ls hcal-hf_ls hcal-ho12_ls
    hcal-hoO_ls hlt-hlt_global l1t-hg_rings muon-muon tracker-pix tracker-track
    """
)
