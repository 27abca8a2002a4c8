package hudson.model;
public class AdministrativeMonitor {}
